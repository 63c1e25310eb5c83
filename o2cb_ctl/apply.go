// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// errNotConfirmed ends an apply that nobody agreed to.
var errNotConfirmed = errors.New("nothing was changed; say --yes to apply without being asked")

func newApply(s *settings) *cobra.Command {
	var permissive, live, yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "apply [CLUSTER]",
		Short: "Make the kernel's cluster like the file's",
		Long: `apply shows what plan shows, asks, and takes the steps: all of them or, when one
fails, none. What was shown is what is done: when file or kernel changed in
between, nothing is. Nodes come and go, and so do the regions of a global
heartbeat, while volumes are mounted and locks are held.

When a step needs the cluster offline nothing is done, or with --live only the
others. An apply that was killed is noted: plan shows where it stopped, the next
one goes on from there, and undo leads back.

Exit status:
  0  done, or there was nothing to do
  1  nothing was changed`,
		Example: `  o2cb_ctl plan                     # what would it do?
  o2cb_ctl apply
  o2cb_ctl apply web --yes --live
  o2cb_ctl undo                     # back again`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := s.manager(permissive)
			preview, err := m.Plan(cmd.Context(), optional(args))
			if err != nil {
				return explainFindings(s.std.err, err, permissive)
			}
			printWarnings(s.std.err, preview.Findings)
			printWarnings(s.std.err, preview.SettingsFindings)
			if live {
				printLeftOut(s.std.err, preview)
				preview = preview.Live()
			}
			if err := s.confirm(cmd.Context(), preview, yes, asJSON); err != nil {
				return err
			}
			ctx, stop := steadfast(cmd.Context())
			defer stop()
			report, err := m.Apply(ctx, preview)
			return s.reportReached(report, err, permissive, asJSON)
		},
	}
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.Flags().BoolVar(&live, "live", false, "take only the steps that need not the cluster offline")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// confirm shows a preview on a terminal and asks whether to go on. Without one
// it has to be said beforehand. A preview that cannot be applied is not asked about.
func (s *settings) confirm(ctx context.Context, p *libo2cb.Preview, yes, asJSON bool) error {
	if yes || p.InSync || len(p.Plan.Offline()) > 0 {
		return nil // the library says what stands in the way
	}
	if asJSON || !isTTY(s.std.in) || !isTTY(s.std.err) {
		return errNotConfirmed
	}
	if err := printSteps(s.std.err, p); err != nil {
		return err
	}
	fmt.Fprint(s.std.err, "Apply it? (y/n) [n]: ")
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(s.std.in).ReadString('\n')
		if err != nil {
			fmt.Fprintln(s.std.err) // the end of input leaves the cursor behind the question
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case word := <-answer:
		if word == "y" || word == "yes" {
			return nil
		}
		return errNotConfirmed
	case <-ctx.Done():
		fmt.Fprintln(s.std.err)
		return fmt.Errorf("%w; %w", context.Cause(ctx), errNotConfirmed)
	}
}

// isTTY tells whether a stream is a terminal, of whatever kind.
func isTTY(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// printLeftOut says which steps --live leaves out.
func printLeftOut(w io.Writer, p *libo2cb.Preview) {
	for _, step := range p.Plan.Offline() {
		fmt.Fprintf(w, "o2cb_ctl: left out, it needs the cluster offline: %s\n", step)
	}
}

func newUndo(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Take back what the last apply, online or offline changed",
		Long: `undo leads the kernel's cluster back to what it was before the operation that was
cut short or, without one, before the last apply, online or offline since the
machine booted. When somebody else changed the cluster since, it refuses. It
leaves the configuration file and the kernel's modules alone; undo again is redo.

Exit status:
  0  done
  1  nothing was changed`,
		Example: `  o2cb_ctl undo
  o2cb_ctl status`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := steadfast(cmd.Context())
			defer stop()
			report, err := s.manager(false).Undo(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.std.out, report)
			}
			unchanged, changed := outcome(report)
			if report.LocalNode == "" {
				unchanged, changed = "No cluster is online: nothing changed", "Cluster "+report.Cluster+" is offline"
			}
			return printReport(s.std.out, report, unchanged, changed)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
