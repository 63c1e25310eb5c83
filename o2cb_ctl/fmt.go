// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

func newFmt(s *settings) *cobra.Command {
	var showDiff, write bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE]",
		Short: "Print a cluster.conf in its canonical form",
		Long: `fmt prints a cluster configuration (FILE, - for standard input, or the one that
--config names) in the form that the C tools write: clusters, then heartbeat
regions, then nodes, a tab before each attribute, a blank line after each stanza.
Comments stay with what they precede, unknown stanzas and attributes stay too,
and the meaning stays: it is checked before anything is printed or written.

A file with errors of syntax is left alone; check tells what they are. Other errors
stay as they are.

Exit status:
  0  done; with -d, nothing would change
  1  failure; with -d, something would change`,
		Example: `  o2cb_ctl fmt -d          # what would change
  o2cb_ctl fmt -w          # change it
  o2cb_ctl fmt new.conf    # print the result`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := s.fileName(args)
			if write {
				if name == standardInput {
					return errors.New("fmt -w cannot write to standard input: leave out -w or name a file")
				}
				return rewrite(cmd.Context(), name)
			}
			return s.format(cmd.Context(), name, args, showDiff)
		},
	}
	cmd.Flags().BoolVarP(&showDiff, "diff", "d", false, "print what would change; exit status 1 when something would")
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the result back to the file")
	cmd.MarkFlagsMutuallyExclusive("diff", "write")
	return cmd
}

// rewrite writes the canonical form of a file over it. The library takes a missing
// file for an empty one, and would lock it in vain.
func rewrite(ctx context.Context, name string) error {
	if _, err := os.Stat(name); err != nil {
		return fmt.Errorf("read cluster configuration: %w", err)
	}
	return conf.FormatFile(ctx, name)
}

// format prints the canonical form of a file, or how it differs from what is there.
func (s *settings) format(ctx context.Context, name string, args []string, showDiff bool) error {
	f, _, err := s.read(ctx, args)
	if err != nil {
		return err
	}
	formatted, err := conf.Format(f)
	if err != nil {
		return fmt.Errorf("format: %w", err)
	}
	if !showDiff {
		_, err = s.std.out.Write(formatted)
		return err
	}
	if bytes.Equal(f.Bytes(), formatted) {
		return nil
	}
	if _, err = s.std.out.Write(diff.Diff(name, f.Bytes(), name+" (formatted)", formatted)); err != nil {
		return err
	}
	return silentError{1}
}
