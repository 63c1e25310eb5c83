// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// lockOptions are the flags of the verb lock.
type lockOptions struct {
	nonblock   bool
	timeout    time.Duration
	busyStatus int
	mount      string
	singleNode string
}

func newLock(s *settings) *cobra.Command {
	var o lockOptions
	cmd := &cobra.Command{
		Use:   "lock DOMAIN RESOURCE -- COMMAND [ARGUMENT…]",
		Short: "Run a command under a cluster-wide lock",
		Long: `lock takes RESOURCE exclusively in the lock domain DOMAIN, runs COMMAND, lets go
when it has ended, and exits with its status. While it holds the lock no other
holder exists: on no other node, in no other process of this node.

The wait ends with --timeout or an interrupt. The kernel does not let go of a
process that waits for a lock, though: such a wait is reported at once, but the
process itself ends only when the lock has been granted and released again.

SIGTERM, SIGHUP, SIGINT and SIGQUIT are passed on to COMMAND, and the lock is held
until it has ended, however long that takes. A wait that SIGINT or SIGTERM ends
exits with 130 or 143.

If o2cb_ctl is killed the lock is gone, so COMMAND is killed with it. Processes that
COMMAND has started are not, nor does the lock wait for those that it leaves in the
background: they run on without the lock, so COMMAND should wait for them. A program
that runs for long or holds several locks is better served by the Go package
libo2dlm.

Exit status: that of COMMAND, or
  1    the lock could not be had (-E: when in time), or something else failed
  126  COMMAND cannot be run
  127  COMMAND was not found
  130  SIGINT ended the wait
  143  SIGTERM ended the wait
and 128 plus its number for a signal that ended COMMAND.`,
		Example: `  o2cb_ctl lock cron nightly -- /usr/local/bin/backup
  o2cb_ctl lock --timeout 30s web deploy -- ./deploy.sh
  o2cb_ctl lock --nonblock -E 75 web deploy -- ./deploy.sh
  o2cb_ctl lock --single-node /run/lock web deploy -- true    # no cluster needed`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 3 || cmd.ArgsLenAtDash() != 2 {
				return errors.New("lock wants DOMAIN RESOURCE -- COMMAND; see `o2cb_ctl lock --help`")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return lock(cmd.Context(), s, o, args[0], args[1], args[2:])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.nonblock, "nonblock", "n", false, "do not wait; a lock that another node only caches counts as taken")
	flags.DurationVarP(&o.timeout, "timeout", "w", 0, "give up waiting after this `time` (30s, 5m); 0 is never")
	flags.IntVarP(&o.busyStatus, "conflict-exit-code", "E", 1, "exit `status`, 0 to 255, when the lock could not be had in time")
	flags.StringVar(&o.mount, "mount", libo2dlm.DefaultMount, "`directory` on which dlmfs is mounted")
	flags.StringVar(&o.singleNode, "single-node", "", "lock in this plain `directory` instead: this node only, no cluster")
	cmd.MarkFlagsMutuallyExclusive("nonblock", "timeout")
	cmd.MarkFlagsMutuallyExclusive("mount", "single-node")
	return cmd
}

// check refuses what no exit status and no wait can be.
func (o lockOptions) check() error {
	if o.busyStatus < 0 || o.busyStatus > maxStatus {
		return fmt.Errorf("--conflict-exit-code %d: an exit status is 0 to %d", o.busyStatus, maxStatus)
	}
	if o.timeout < 0 {
		return fmt.Errorf("--timeout %s: a time to wait is not negative; not to wait at all is --nonblock", o.timeout)
	}
	return nil
}

// maxStatus is the highest exit status: wait(2) reports the low eight bits.
const maxStatus = 255

func lock(ctx context.Context, s *settings, o lockOptions, domain, resource string, argv []string) error {
	signals := catch(unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(signals)
	d, err := libo2dlm.Join(ctx, domain, o.join(s))
	if err != nil {
		return o.explain(err, signals)
	}
	defer d.Close()
	hold, err := o.take(ctx, d, resource)
	if err != nil {
		return o.explain(err, signals)
	}
	status, err := supervise(ctx, s.std, argv)
	if lost := hold.Release(); lost != nil {
		return lost // the command ran, but perhaps not alone
	}
	return exitWith(status, err)
}

func (o lockOptions) join(s *settings) *libo2dlm.JoinOptions {
	if o.singleNode != "" {
		return &libo2dlm.JoinOptions{Mount: s.path(o.singleNode), SingleNode: true}
	}
	return &libo2dlm.JoinOptions{Mount: s.path(o.mount)}
}

func (o lockOptions) take(ctx context.Context, d *libo2dlm.Domain, resource string) (*libo2dlm.Hold, error) {
	if o.nonblock {
		return d.TryLock(resource, libo2dlm.Exclusive)
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	return d.Lock(ctx, resource, libo2dlm.Exclusive)
}

// explain gives a lock that could not be had the status that the caller chose, and
// a wait that a signal ended that of the signal.
func (o lockOptions) explain(err error, signals chan os.Signal) error {
	switch {
	case errors.Is(err, context.Canceled):
		return statusError{statusOf(signals), err}
	case errors.Is(err, libo2dlm.ErrBusy):
		return statusError{o.busyStatus, err}
	case errors.Is(err, context.DeadlineExceeded):
		return statusError{o.busyStatus, fmt.Errorf("%w after %s", err, o.timeout)}
	default:
		return err
	}
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
