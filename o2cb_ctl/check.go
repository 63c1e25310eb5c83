// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// standardInput is the file name that means standard input.
const standardInput = "-"

func newCheck(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find all mistakes of a cluster.conf",
		Long: `check reads a cluster configuration (FILE, - for standard input, or the one that
--config names) and prints every mistake in it, each with line, column, what was
found, what is expected and how to mend it. Nothing but the file is looked at.

The exit status is 0 when there are no mistakes or only warnings, and 1 when
there are errors. An error marked "permissible" breaks a rule that neither the C
tools nor the kernel enforce: online --permissive passes over it.

FILE may be anything that can be read, a pipe too; a missing file is an error here,
although the other verbs take it for an empty one.

Exit status:
  0  no mistakes, or only warnings
  1  errors, or the file cannot be read`,
		Example: `  o2cb_ctl check                  # then: o2cb_ctl online
  o2cb_ctl check --json new.conf
  ssh beta cat /etc/ocfs2/cluster.conf | o2cb_ctl check -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, findings, err := s.read(cmd.Context(), args)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(s.std.out, newCheckReport(f, findings))
			} else {
				err = printFindings(s.std.out, s.fileName(args), f, findings)
			}
			if err == nil && len(findings.Errors()) > 0 {
				return silentError{1}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// checkReport is what check --json prints.
type checkReport struct {
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Findings conf.Findings `json:"findings"`
	Clusters []string      `json:"clusters"`
}

func newCheckReport(f *conf.File, findings conf.Findings) checkReport {
	r := checkReport{
		Errors:   len(findings.Errors()),
		Warnings: len(findings.Warnings()),
		Findings: append(conf.Findings{}, findings...),
		Clusters: []string{},
	}
	for _, c := range f.Clusters() {
		r.Clusters = append(r.Clusters, c.Name)
	}
	return r
}

// printFindings prints one line a finding, then a line that sums them up.
func printFindings(w io.Writer, name string, f *conf.File, findings conf.Findings) error {
	for _, finding := range findings {
		if _, err := fmt.Fprintln(w, finding); err != nil {
			return err
		}
	}
	verdict := "ok"
	if len(findings) > 0 {
		verdict = plural(len(findings.Errors()), "error") + ", " + plural(len(findings.Warnings()), "warning")
	}
	nodes := 0
	for _, c := range f.Clusters() {
		nodes += len(c.Nodes)
	}
	_, err := fmt.Fprintf(w, "%s: %s (%s, %s)\n", name, verdict,
		plural(len(f.Clusters()), "cluster"), plural(nodes, "node"))
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// fileName returns the file that a verb's optional argument names.
func (s *settings) fileName(args []string) string {
	switch {
	case len(args) == 0:
		return s.path(s.config)
	case args[0] == standardInput:
		return standardInput
	}
	return s.path(args[0])
}

// read parses the file that a verb's optional argument names. It is opened and
// read like any other: what a pipe says counts, and a missing file is an error,
// although to the C tools it is an empty configuration. Who asks about a file
// wants to know.
func (s *settings) read(ctx context.Context, args []string) (*conf.File, conf.Findings, error) {
	name := s.fileName(args)
	shown, open := name, func() (io.ReadCloser, error) { return os.Open(name) }
	if name == standardInput {
		shown, open = "standard input", func() (io.ReadCloser, error) { return io.NopCloser(s.std.in), nil }
	}
	text, err := readUntil(ctx, open)
	if err != nil {
		return nil, nil, fmt.Errorf("read cluster configuration: %w", err)
	}
	f, findings := conf.Parse(shown, text)
	return f, findings, nil
}

// readUntil opens and reads a source until its end or that of ctx: a pipe may
// never say anything. A read that ctx has ended goes on in the background.
func readUntil(ctx context.Context, open func() (io.ReadCloser, error)) ([]byte, error) {
	var text []byte
	done := make(chan error, 1)
	go func() {
		in, err := open()
		if err == nil {
			// One byte more than is allowed, so that Parse can tell.
			text, err = io.ReadAll(io.LimitReader(in, conf.MaxSize+1))
			_ = in.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		return text, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
