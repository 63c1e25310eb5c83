// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

func newOnline(s *settings) *cobra.Command {
	var permissive, asJSON bool
	cmd := &cobra.Command{
		Use:   "online [CLUSTER]",
		Short: "Put the cluster of the file into the kernel",
		Long: `online makes the kernel's cluster like the one in the configuration file, loading
the stack first. CLUSTER may be left out when the file has one. A file with
errors is refused before the kernel is touched. When a step fails, the steps
before it are undone: the kernel has the cluster it had before. What was loaded
stays loaded (o2cb_ctl unload).

A cluster that is online already is compared with the file, and only what
differs is changed; usually that is nothing.

With --permissive a file goes online although it breaks rules that neither the C
tools nor the kernel enforce, such as a wrong node_count. It is meant for an
upgrade: mend the file soon.

Exit status:
  0  the kernel has the cluster of the file
  1  nothing was changed`,
		Example: `  o2cb_ctl check
  o2cb_ctl online
  o2cb_ctl online web --local-node alpha
  mount -t ocfs2 /dev/sdb1 /srv     # next: a volume`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := steadfast(cmd.Context())
			defer stop()
			report, err := s.manager(permissive).Online(ctx, optional(args))
			printWarnings(s.std.err, report.Findings)
			printWarnings(s.std.err, report.SettingsFindings)
			return s.reportReached(report, err, permissive, asJSON)
		},
	}
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// reportReached prints what online or apply did, or why it did not.
func (s *settings) reportReached(report libo2cb.Report, err error, permissive, asJSON bool) error {
	if err != nil {
		printLoaded(s.std.err, report.Stack)
		return explainFindings(s.std.err, err, permissive)
	}
	if asJSON {
		return printJSON(s.std.out, report)
	}
	unchanged, changed := outcome(report)
	return printReport(s.std.out, report, unchanged, changed)
}

// outcome returns what to say of a cluster that was there already, and of one
// that was changed.
func outcome(r libo2cb.Report) (unchanged, changed string) {
	name := "Cluster " + r.Cluster
	if !r.Online {
		const idle = "; no heartbeat region runs yet"
		return name + " is registered already: nothing changed" + idle, name + " is registered" + idle
	}
	return name + " is online already: nothing changed", name + " is online"
}

// printLoaded prints what stays of an online that failed.
func printLoaded(w io.Writer, actions []stack.Action) {
	if changed, _ := printChanges(w, actions); changed {
		fmt.Fprintln(w, "o2cb_ctl: what was loaded stays (o2cb_ctl unload)")
	}
}

func newOffline(s *settings) *cobra.Command {
	var asJSON bool
	var by force
	cmd := &cobra.Command{
		Use:   "offline [CLUSTER]",
		Short: "Take the cluster out of the kernel",
		Long: `offline removes the nodes and then the cluster from the kernel. It looks first:
while a volume is mounted, a program has a lock domain open or a heartbeat region
runs, it names them, says what ends each, and touches nothing. Lock domains that
no program has open are left.

With --force it takes down what it named, a rung at a time, each for those whom
the one before left, and prints each act before it does it:

  ask        touches the lock files that a program has open, which it can see by
             inotify(7), and waits for half of the grace;
  terminate  sends SIGTERM to every process that uses a volume or a lock domain,
             and waits for the grace;
  kill       sends SIGKILL, and waits 5 s.

Then it unmounts the volumes and stops the heartbeat that is left. It refuses,
before it touches anything, when that could not succeed: for a loop device, a swap
file, an NFS export or another mount on a volume, for a process that waits in the
kernel for a lock (no signal reaches it), and for the shell that runs this command.
Interrupted (Ctrl-C) it stops between two acts.

Exit status:
  0  offline, or nothing was online
  1  refused or failed`,
		Example: `  o2cb_ctl status          # who uses it?
  umount -a -t ocfs2
  o2cb_ctl offline
  o2cb_ctl offline --force --grace 30s`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := by.offline(cmd.Context(), s, optional(args), asJSON)
			if asJSON && (err == nil || len(done.Evicted) > 0) {
				return printDone(s.std.out, done, err)
			}
			if err != nil {
				return err
			}
			return printOffline(s.std.out, done.Report)
		},
	}
	by.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printOffline prints what offline did.
func printOffline(w io.Writer, r libo2cb.Report) error {
	return printReport(w, r, "No cluster is online: nothing changed", "Cluster "+r.Cluster+" is offline")
}

// optional returns the one argument, or nothing.
func optional(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// printReport prints what was done, a line each, and then the outcome.
func printReport(w io.Writer, r libo2cb.Report, unchanged, changed string) error {
	if r.Recovered != nil {
		fmt.Fprintf(w, "%s\n", r.Recovered)
	}
	if !r.Changed() {
		_, err := fmt.Fprintln(w, unchanged)
		return err
	}
	if _, err := printChanges(w, r.Stack); err != nil {
		return err
	}
	for _, domain := range r.Left {
		fmt.Fprintf(w, "leave lock domain %s\n", domain)
	}
	for _, node := range r.Completed {
		fmt.Fprintf(w, "complete the registration of node %s\n", node)
	}
	for _, step := range r.Steps {
		fmt.Fprintln(w, step)
	}
	_, err := fmt.Fprintln(w, changed)
	return err
}

// printWarnings prints the findings that were not in the way.
func printWarnings[F fmt.Stringer](w io.Writer, findings []F) {
	for _, finding := range findings {
		fmt.Fprintf(w, "o2cb_ctl: %s\n", finding)
	}
}

// explainFindings prints all that is wrong with a refused file, and what would
// let it pass.
func explainFindings(w io.Writer, err error, permissive bool) error {
	if e, ok := errors.AsType[*conf.InvalidError](err); ok {
		return explain(w, err, "configuration", e.Findings, !permissive && e.Findings.ErrPermissive() == nil)
	}
	if e, ok := errors.AsType[*cluster.InvalidError](err); ok {
		return explain(w, err, "settings file", e.Findings, !permissive && e.Findings.ErrPermissive() == nil)
	}
	return err
}

// explain prints the errors of a file, which --permissive passes over or not.
func explain[F fmt.Stringer](w io.Writer, err error, file string, findings []F, passable bool) error {
	for _, finding := range findings {
		fmt.Fprintln(w, finding)
	}
	mend := "mend the file"
	if passable {
		mend += ", or pass over it this time with --permissive"
	}
	return explained{fmt.Sprintf("the %s has %s, and nothing was changed: %s", file, plural(len(findings), "error"), mend), err}
}
