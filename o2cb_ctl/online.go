// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
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
upgrade: mend the file soon.`,
		Example: `  o2cb_ctl online
  o2cb_ctl online web --local-node alpha`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := s.manager(permissive).Online(cmd.Context(), optional(args))
			printWarnings(s.std.err, report.Findings)
			if err != nil {
				printLoaded(s.std.err, report.Stack)
				return explainFindings(s.std.err, err, permissive)
			}
			if asJSON {
				return printJSON(s.std.out, report)
			}
			unchanged, changed := outcome(report)
			return printReport(s.std.out, report, unchanged, changed)
		},
	}
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
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
	cmd := &cobra.Command{
		Use:   "offline [CLUSTER]",
		Short: "Take the cluster out of the kernel",
		Long: `offline removes the nodes and then the cluster from the kernel. It looks first:
while a volume is mounted, a program has a lock domain open or a heartbeat region
runs, it names them, says what ends each, and touches nothing. Lock domains that
no program has open are left.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := s.manager(false).Offline(cmd.Context(), optional(args))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.std.out, report)
			}
			return printReport(s.std.out, report, "No cluster is online: nothing changed", "Cluster "+report.Cluster+" is offline")
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
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
func printWarnings(w io.Writer, findings conf.Findings) {
	for _, finding := range findings {
		fmt.Fprintf(w, "o2cb_ctl: %s\n", finding)
	}
}

// explainFindings prints all that is wrong with a refused file, and what would
// let it pass.
func explainFindings(w io.Writer, err error, permissive bool) error {
	var invalid *conf.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	for _, finding := range invalid.Findings {
		fmt.Fprintln(w, finding)
	}
	mend := "mend the file"
	if !permissive && invalid.Findings.ErrPermissive() == nil {
		mend += ", or pass over it this time with --permissive"
	}
	return fmt.Errorf("the configuration has %s, and nothing was changed: %s",
		plural(len(invalid.Findings.Errors()), "error"), mend)
}
