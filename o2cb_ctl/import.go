// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
)

func newImport(s *settings) *cobra.Command {
	var permissive, asJSON bool
	var options libo2cb.ImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Write a cluster definition into the configuration file",
		Long: `import reads a cluster definition (FILE, or - for standard input) as export prints
it, TOML or JSON, and writes its clusters into the configuration file. All of it is
checked first, and the file is replaced at once or not at all. Comments and layout
of what stays the same stay, and so do other clusters. The kernel is not touched:
see plan and apply.

A cluster that the file has and that differs is only changed with --replace.

The timing of a cluster has no place in the configuration file. When it is not
what the settings file says, import names the lines that belong there, and
imports nothing until they stand there.

Exit status:
  0  imported, or nothing to do
  1  refused or failed: the file is as it was`,
		Example: `  o2cb_ctl import --dry-run web.toml
  ssh alpha o2cb_ctl export | o2cb_ctl import -
  o2cb_ctl plan            # next: what does it change in the kernel?`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := s.readDefinition(cmd.Context(), args[0], permissive)
			if err != nil {
				return err
			}
			done, err := s.manager(permissive).Import(cmd.Context(), d, options)
			if err != nil {
				return explainFindings(s.std.err, err, permissive)
			}
			if asJSON {
				return printJSON(s.std.out, newImportReport(done, options.DryRun))
			}
			return printImport(s.std.out, done, options.DryRun)
		},
	}
	cmd.Flags().BoolVar(&options.Replace, "replace", false, "change clusters that the file has and that differ")
	cmd.Flags().BoolVar(&options.DryRun, "dry-run", false, "print what would change in the file, and change nothing")
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// readDefinition reads a definition and refuses one that breaks rules.
func (s *settings) readDefinition(ctx context.Context, arg string, permissive bool) (*definition.Definition, error) {
	name := s.fileName([]string{arg})
	shown, open := name, func() (io.ReadCloser, error) { return os.Open(name) }
	if name == standardInput {
		shown, open = "standard input", func() (io.ReadCloser, error) { return io.NopCloser(s.std.in), nil }
	}
	text, err := readUntil(ctx, open)
	if err != nil {
		return nil, fmt.Errorf("read cluster definition: %w", err)
	}
	d, findings := definition.Read(shown, text)
	refused := findings.Err
	if permissive {
		refused = findings.ErrPermissive
	}
	printWarnings(s.std.err, findings)
	var invalid *cluster.InvalidError
	if err := refused(); errors.As(err, &invalid) {
		return nil, invalidDefinition{explained{fmt.Sprintf("the definition has %s, and nothing was imported", plural(len(invalid.Findings), "error")), err}}
	}
	return d, nil
}

// importReport is what import --json prints.
type importReport struct {
	Config   string   `json:"config"`
	Changed  bool     `json:"changed"` // with --dry-run: whether it would be
	DryRun   bool     `json:"dry_run"`
	Clusters []string `json:"clusters"` // that were added or changed
	Diff     string   `json:"diff"`     // of the file, unified
}

func newImportReport(i libo2cb.Import, dryRun bool) importReport {
	return importReport{Config: i.Config, Changed: i.Changed(), DryRun: dryRun, Clusters: append([]string{}, i.Clusters...), Diff: string(importDiff(i))}
}

func importDiff(i libo2cb.Import) []byte {
	return diff.Diff(i.Config, i.Before, i.Config+" (imported)", i.After)
}

func printImport(w io.Writer, i libo2cb.Import, dryRun bool) error {
	var err error
	switch {
	case !i.Changed():
		_, err = fmt.Fprintf(w, "%s has it all already: nothing changed\n", i.Config)
	case dryRun:
		_, err = w.Write(importDiff(i))
	default:
		for _, name := range i.Clusters {
			fmt.Fprintf(w, "imported cluster %s\n", name)
		}
		_, err = fmt.Fprintln(w, "o2cb_ctl plan shows what that changes in the kernel")
	}
	return err
}
