// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/definition"
)

func newExport(s *settings) *cobra.Command {
	var permissive, running, asJSON bool
	format := string(definition.TOML)
	cmd := &cobra.Command{
		Use:   "export [CLUSTER]",
		Short: "Print a whole cluster definition as TOML or JSON",
		Long: `export prints the clusters of the configuration file, or one of them, with nodes,
heartbeat mode and regions, and with the timing of the settings file: all that
another program, or another node, needs to know. With --running it prints what
the kernel has instead. It changes nothing and needs no privilege.

import reads what export prints.

Exit status:
  0  printed
  1  the file has errors or no such cluster; with --running: it is not online`,
		Example: `  o2cb_ctl export > web.toml
  o2cb_ctl export --format json | jq -r '.clusters[].nodes[].address'
  o2cb_ctl export --running | ssh beta o2cb_ctl import -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON {
				format = string(definition.JSON)
			}
			source := s.manager(permissive).Export
			if running {
				source = s.manager(permissive).ExportRunning
			}
			d, err := source(optional(args))
			if err != nil {
				return explainFindings(s.std.err, err, permissive)
			}
			text, err := d.Write(definition.Format(format))
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			_, err = s.std.out.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "toml or json")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	cmd.Flags().BoolVar(&running, "running", false, "what the kernel has, not what the files say")
	cmd.Flags().BoolVar(&permissive, "permissive", false, "pass over errors that neither the C tools nor the kernel mind")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	return cmd
}
