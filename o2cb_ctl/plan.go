// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// statusOutOfSync is what plan exits with when there is something to do, as
// terraform plan -detailed-exitcode does.
const statusOutOfSync = 2

func newPlan(s *settings) *cobra.Command {
	var permissive, asJSON, noPeers bool
	cmd := &cobra.Command{
		Use:   "plan [CLUSTER]",
		Short: "Show what apply would change in the kernel",
		Long: `plan compares the cluster of the file, and the timing of the settings, with what
runs in the kernel and prints the steps from the one to the other. It changes
nothing of it and needs no privilege.

A step marked live is taken while the cluster works. One marked offline the
kernel refuses, or ignores, while a heartbeat runs: for it the cluster has to go
offline on this node.

Exit status:
  0  nothing to do
  1  failure
  2  there is something to do`,
		Example: `  o2cb_ctl plan
  o2cb_ctl plan web --json | jq '.plan.steps[] | select(.label == "needs-offline")'
  o2cb_ctl apply           # next: do it`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			preview, err := s.manager(permissive).Plan(cmd.Context(), optional(args))
			if err != nil {
				return explainFindings(s.std.err, err, permissive)
			}
			printWarnings(s.std.err, preview.Findings)
			printWarnings(s.std.err, preview.SettingsFindings)
			if !noPeers && preview.Plan.Have != nil {
				report, err := s.manager(permissive).Peers(cmd.Context(), peerOptions())
				if err != nil {
					return err
				}
				preview.Peers = &report
			}
			if asJSON {
				err = printJSON(s.std.out, preview)
			} else {
				err = printPreview(s.std.out, preview)
			}
			if err == nil && !preview.InSync {
				err = silentError{statusOutOfSync}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.Flags().BoolVar(&noPeers, "no-peers", false, "do not ask the other nodes for their configuration")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printPreview prints the steps, each with its label, the nodes that differ, and
// what to type next.
func printPreview(w io.Writer, p *libo2cb.Preview) error {
	if p.InSync {
		fmt.Fprintf(w, "Cluster %s is in sync: nothing to do\n", p.Cluster)
		return printDiffering(w, p.Peers)
	}
	fmt.Fprintf(w, "Cluster %s, as node %s:\n", p.Cluster, p.LocalNode)
	if err := printSteps(w, p); err != nil {
		return err
	}
	if p.Interrupted != nil {
		fmt.Fprintf(w, "%s: apply goes on from there, undo leads back\n", p.Interrupted)
	}
	if err := printDiffering(w, p.Peers); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, nextCommand(p))
	return err
}

// printDiffering prints the nodes that run with another configuration than this one.
func printDiffering(w io.Writer, r *libo2cb.PeerReport) error {
	if r == nil {
		return nil
	}
	for _, peer := range r.Peers {
		if peer.State != libo2cb.PeerDiffers {
			continue
		}
		if _, err := fmt.Fprintf(w, "Node %s %s\n", peer.Name, comparison(peer)); err != nil {
			return err
		}
	}
	return nil
}

func printSteps(w io.Writer, p *libo2cb.Preview) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if !p.Loaded {
		fmt.Fprintln(table, "  live\tload the cluster stack")
	}
	for _, step := range p.Plan.Steps {
		fmt.Fprintf(table, "  %s\t%s\n", labelWord(step.Label), step)
	}
	return table.Flush()
}

func labelWord(l plan.Label) string {
	if l == plan.NeedsOffline {
		return "offline"
	}
	return "live"
}

// nextCommand says what to type.
func nextCommand(p *libo2cb.Preview) string {
	offline := len(p.Plan.Offline())
	switch {
	case offline == 0:
		return "o2cb_ctl apply does it"
	case offline == len(p.Plan.Steps):
		return fmt.Sprintf("o2cb_ctl offline %s, then o2cb_ctl online %[1]s does it", p.Cluster)
	}
	return fmt.Sprintf("o2cb_ctl apply --live does what is live; all of it takes o2cb_ctl offline %s, then o2cb_ctl online %[1]s", p.Cluster)
}
