// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// The exit statuses of lock beside those of the command. flock(1), sysexits.h.
const (
	statusConflict    = 1
	statusUsage       = 64 // EX_USAGE
	statusUnavailable = 69 // EX_UNAVAILABLE
	statusSystem      = 71 // EX_OSERR
)

// maxStatus is the highest exit status: wait(2) reports the low eight bits.
const maxStatus = 255

// lockOptions are the flags of the verb lock.
type lockOptions struct {
	wanted     lockRequest
	noFork     bool
	busyStatus int
}

// lockRequest says what lock is wanted and how long it may take to come. The
// process that waits for it is told by the same flags.
type lockRequest struct {
	shared     bool
	exclusive  bool // which is the default
	nonblock   bool
	timeout    waitTime
	grace      time.Duration // of nonblock
	mount      string
	singleNode string
}

func newLock(s *settings) *cobra.Command {
	var o lockOptions
	cmd := &cobra.Command{
		Use:   "lock DOMAIN RESOURCE -- COMMAND [ARGUMENT…]",
		Short: "Run a command under a cluster-wide lock",
		Long: `lock takes RESOURCE in the lock domain DOMAIN, runs COMMAND, lets go when it has
ended, and exits with its status. While it holds the lock no other holder exists:
on no other node, in no other process of this node. With --shared there may be
others that hold it shared.

The wait ends at once with --timeout, --nonblock or an interrupt. The kernel does
not let go of a process that waits for another node's lock, and so a child of its
own waits: it stays behind, without the terminal, until the lock is granted, gives
it back and ends.

SIGTERM, SIGHUP, SIGINT and SIGQUIT are passed on to COMMAND, and the lock is held
until it has ended, however long that takes. A wait that SIGINT or SIGTERM ends
exits with 130 or 143.

If o2cb_ctl is killed the lock is gone, so COMMAND is killed with it. Processes that
COMMAND has started are not, nor does the lock wait for those that it leaves in the
background: they run on without the lock, so COMMAND should wait for them. With
--no-fork COMMAND takes the place of o2cb_ctl, and the lock is held until it and all
that it has started have closed the lock's descriptor or ended. A program that runs
for long or holds several locks is better served by the Go package libo2dlm.

Exit status: that of COMMAND, or as flock(1) has it
  1    the lock could not be had in time (-E: another status)
  64   the command line is wrong
  69   there are no locks: no cluster online, no heartbeat, no dlmfs
  71   something else failed
  126  COMMAND cannot be run
  127  COMMAND was not found
  130  SIGINT ended the wait
  143  SIGTERM ended the wait
and 128 plus its number for a signal that ended COMMAND.`,
		Example: `  o2cb_ctl lock cron nightly -- /usr/local/bin/backup
  o2cb_ctl lock --timeout 30s web deploy -- ./deploy.sh
  o2cb_ctl lock --nonblock -E 75 web deploy -- ./deploy.sh
  o2cb_ctl lock --shared web content -- rsync -a /srv/web/ /backup/web/
  o2cb_ctl lock --single-node /run/lock web deploy -- true    # no cluster needed`,
		Annotations: map[string]string{usageStatus: strconv.Itoa(statusUsage)},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 3 || cmd.ArgsLenAtDash() != 2 {
				return errors.New("lock wants DOMAIN RESOURCE -- COMMAND; see `o2cb_ctl lock --help`")
			}
			return o.check()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return lock(cmd.Context(), s, o, args[0], args[1], args[2:])
		},
	}
	flags := cmd.Flags()
	o.wanted.addTo(flags)
	flags.BoolVarP(&o.noFork, "no-fork", "F", false, "replace o2cb_ctl by the command, which keeps the lock")
	flags.IntVarP(&o.busyStatus, "conflict-exit-code", "E", statusConflict, "exit `status`, 0 to 255, when the lock could not be had in time")
	exclude(cmd)
	return cmd
}

// addTo defines the flags of a request.
func (r *lockRequest) addTo(flags *pflag.FlagSet) {
	flags.BoolVarP(&r.shared, "shared", "s", false, "take the lock shared, beside others that do")
	flags.BoolVarP(&r.exclusive, "exclusive", "x", false, "take it exclusively, which is the default")
	flags.BoolVarP(&r.nonblock, "nonblock", "n", false, "do not wait for a holder")
	flags.VarP(&r.timeout, "timeout", "w", "give up waiting after this `time` (30, 0.5, 5m); 0 is --nonblock")
	flags.Var(&r.timeout, "wait", "the same as --timeout `time`")
	flags.DurationVar(&r.grace, "grace", libo2dlm.DefaultTryGrace, "how long --nonblock lets those who only cache the lock give it up, a `time`; 0 leaves nothing behind")
	flags.StringVar(&r.mount, "mount", libo2dlm.DefaultMount, "`directory` on which dlmfs is mounted")
	flags.StringVar(&r.singleNode, "single-node", "", "lock in this plain `directory` instead: this node only, no cluster")
}

// exclude says which flags of a request contradict each other.
func exclude(cmd *cobra.Command) {
	for _, pair := range [][2]string{{"shared", "exclusive"}, {"nonblock", "timeout"}, {"nonblock", "wait"}, {"timeout", "wait"}, {"mount", "single-node"}} {
		cmd.MarkFlagsMutuallyExclusive(pair[0], pair[1])
	}
}

// args are the flags of a request, as they are typed.
func (r *lockRequest) args() []string {
	args := []string{"--mount", r.mount}
	if r.singleNode != "" {
		args = []string{"--single-node", r.singleNode}
	}
	if r.shared {
		args = append(args, "--shared")
	}
	if r.nonblock {
		args = append(args, "--nonblock")
	}
	if r.timeout.set {
		args = append(args, "--timeout", r.timeout.String())
	}
	return append(args, "--grace", r.grace.String())
}

// resolve puts the root in front of the paths of a request, and makes them
// independent of the working directory.
func (r *lockRequest) resolve(s *settings) error {
	path := &r.mount
	if r.singleNode != "" {
		path = &r.singleNode
	}
	absolute, err := filepath.Abs(s.path(*path))
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	*path = absolute
	return nil
}

// join are the options by which the domain of a request is joined.
func (r *lockRequest) join() *libo2dlm.JoinOptions {
	opts := &libo2dlm.JoinOptions{Mount: r.mount, TryGrace: r.grace}
	if r.grace <= 0 {
		opts.TryGrace = -1 // none; 0 is the default's
	}
	if r.singleNode != "" {
		opts.Mount, opts.SingleNode = r.singleNode, true
	}
	return opts
}

// check refuses what no exit status and no wait can be.
func (o *lockOptions) check() error {
	if o.busyStatus < 0 || o.busyStatus > maxStatus {
		return fmt.Errorf("--conflict-exit-code %d: an exit status is 0 to %d", o.busyStatus, maxStatus)
	}
	if o.wanted.timeout.Duration < 0 {
		return fmt.Errorf("--timeout %s: a time to wait is not negative; not to wait at all is --nonblock", &o.wanted.timeout)
	}
	return nil
}

func lock(ctx context.Context, s *settings, o lockOptions, domain, resource string, argv []string) error {
	signals := catch(unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(signals)
	if err := o.wanted.resolve(s); err != nil {
		return err
	}
	held, err := o.wanted.take(ctx, domain, resource)
	if err != nil {
		return o.explain(err, signals)
	}
	if o.noFork {
		err := held.exec(argv)
		held.release()
		return err
	}
	status, err := supervise(ctx, s.std, argv)
	held.release()
	return exitWith(status, err)
}

// explain gives a lock that could not be had the status that the caller chose, and
// a wait that a signal ended that of the signal.
func (o lockOptions) explain(err error, signals chan os.Signal) error {
	status := statusSystem
	switch {
	case errors.Is(err, context.Canceled):
		status = statusOf(signals)
	case errors.Is(err, libo2dlm.ErrBusy):
		status = o.busyStatus
	case errors.Is(err, context.DeadlineExceeded):
		status, err = o.busyStatus, fmt.Errorf("%w after %s", err, &o.wanted.timeout)
	case errors.Is(err, libo2dlm.ErrName):
		status = statusUsage
	case errors.Is(err, libo2dlm.ErrOffline), errors.Is(err, libo2dlm.ErrNotDLMFS), errors.Is(err, libo2dlm.ErrDLMFS), errors.Is(err, unix.ENOENT):
		status = statusUnavailable
	}
	return statusError{status, err}
}

// exitWith turns how the command ended into the status to exit with.
func exitWith(status int, err error) error {
	if err != nil {
		return statusError{status, err}
	}
	if status != 0 {
		return silentError{status}
	}
	return nil
}

// waitTime is a time to wait for: seconds, as flock(1) takes them, or with a unit.
type waitTime struct {
	time.Duration
	set bool
}

var _ pflag.Value = (*waitTime)(nil)

// Set reads it.
func (w *waitTime) Set(text string) error {
	d, err := time.ParseDuration(text)
	if seconds, failed := strconv.ParseFloat(text, 64); failed == nil {
		d, err = time.ParseDuration(strconv.FormatFloat(seconds, 'f', -1, 64) + "s")
	}
	if err != nil {
		return errors.New("want seconds, or a number with a unit, such as 30, 0.5 or 5m")
	}
	*w = waitTime{d, true}
	return nil
}

// String returns it with its unit, empty when it was not set.
func (w *waitTime) String() string {
	if !w.set {
		return ""
	}
	return w.Duration.String()
}

// Type names it in usage messages.
func (w *waitTime) Type() string { return "time" }
