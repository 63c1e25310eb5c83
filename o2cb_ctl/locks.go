// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// locksOptions are the flags of the verb locks.
type locksOptions struct{ json, watch, all bool }

func newLocks(s *settings) *cobra.Command {
	var o locksOptions
	cmd := &cobra.Command{
		Use:   "locks [DOMAIN]",
		Short: "Show who holds and who waits for cluster-wide locks on this node",
		Long: `locks shows the lock domains that this node has joined, or the one, their locks, at
which level they are held, and the processes of this node that hold them or wait
for them. It changes nothing, takes no lock, and never waits longer than a second,
whatever the cluster is doing. Without root only one's own processes are seen.

A lock that nobody holds here may be held on another node, or cached by this one.
A process that waits in the kernel waits for another node, and no signal reaches it;
which lock it waits for is known of programs that use libo2dlm, as lock does.

With --watch it is shown again whenever it has changed, until an interrupt; as JSON,
one document after the other.

Exit status:
  0  shown
  1  failure, or this node is not in DOMAIN`,
		Example: `  o2cb_ctl locks
  o2cb_ctl locks --watch billing
  o2cb_ctl locks --json | jq -r '.domains[].resources[] | select(.waiters != []) | .name'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			look := func() (libo2cb.LockReport, error) { return s.locks(cmd.Context(), o, strings.Join(args, "")) }
			if o.watch {
				return watchLocks(cmd.Context(), s.std.out, o, look)
			}
			report, err := look()
			if err != nil {
				return err
			}
			return o.print(s.std.out, report)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.all, "all", "a", false, "show gates and the domain that o2cb_ctl uses itself, too")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.watch, "watch", false, "go on, and show what has changed")
	return cmd
}

// locks looks at the locks of one domain, or of all when domain is empty.
func (s *settings) locks(ctx context.Context, o locksOptions, domain string) (libo2cb.LockReport, error) {
	report, err := s.manager(false).Locks(ctx)
	if err == nil && domain != "" {
		report, err = report.Only(domain)
	}
	if err == nil && !o.all {
		report = report.Plain()
	}
	return report, err
}

func (o locksOptions) print(w io.Writer, report libo2cb.LockReport) error {
	if o.json {
		return printJSON(w, report)
	}
	return printLocks(w, report)
}

// lookAtLocks is how often --watch looks: a look reads what all processes have open.
const lookAtLocks = time.Second

// watchLocks prints what look returns whenever it has changed, on a terminal in
// place of what was there, until ctx ends.
func watchLocks(ctx context.Context, w io.Writer, o locksOptions, look func() (libo2cb.LockReport, error)) error {
	next := time.NewTicker(lookAtLocks)
	defer next.Stop()
	for last := []byte(nil); ; {
		report, err := look()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		var now bytes.Buffer
		if err := o.print(&now, report); err != nil {
			return err
		}
		if !bytes.Equal(now.Bytes(), last) {
			if isTerminal(w) && !o.json {
				fmt.Fprint(w, "\x1b[H\x1b[2J") // to the top, and clear
			}
			if _, err := w.Write(now.Bytes()); err != nil {
				return err
			}
			last = now.Bytes()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
	}
}

// printLocks prints a row for each lock.
func printLocks(out io.Writer, report libo2cb.LockReport) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if len(report.Domains) > 0 {
		fmt.Fprintln(w, "DOMAIN\tRESOURCE\tLEVEL\tHOLDERS\tWAITERS")
	}
	for _, d := range report.Domains {
		if len(d.Resources) == 0 {
			fmt.Fprintf(w, "%s\t-\t-\t-\t-\n", visible(d.Name))
		}
		for _, l := range d.Resources {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", visible(d.Name), visible(l.Name), orDash(string(l.Level)),
				each(l.Holders, lockHolder), each(l.Waiters, lockWaiter))
		}
	}
	if len(report.Domains) == 0 && !report.DomainsChange {
		fmt.Fprintln(w, "no lock domain is joined")
	}
	if report.DomainsChange {
		fmt.Fprintln(w, "a process is joining or leaving a domain or removing a lock: what nobody has open is not shown")
	}
	if len(report.Waiters) > 0 {
		fmt.Fprintf(w, "waiting for a lock that is not known: %s\n", each(report.Waiters, lockWaiter))
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(w, "processes of others are not shown: root sees them")
	}
	return w.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// each writes things one after the other, or a dash when there are none.
func each[T any](things []T, write func(T) string) string {
	texts := make([]string, len(things))
	for i, t := range things {
		texts[i] = write(t)
	}
	return orDash(strings.Join(texts, ", "))
}

func lockHolder(h libo2cb.LockHolder) string {
	text := fmt.Sprintf("%d %s", h.PID, visible(h.Command))
	if h.Unguarded {
		text += " (without flock)"
	}
	return text
}

func lockWaiter(w libo2cb.LockWaiter) string {
	text := fmt.Sprintf("%d %s", w.PID, visible(w.Command))
	if w.Kernel {
		text += " (in the kernel)"
	}
	return text
}
