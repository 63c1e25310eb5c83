// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

func newLoad(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Load the kernel's modules and mount configfs and dlmfs",
		Long: `load loads the modules of the o2cb stack through modprobe(8), so that modprobe.d
counts, selects the stack, and mounts configfs, dlmfs and, where the kernel has
it, debugfs. What is there already is left alone. It notes what it changed, and
unload leads back to exactly that. online calls it by itself.

Exit status:
  0  loaded
  1  failure`,
		Example: `  o2cb_ctl load
  o2cb_ctl online          # next: the cluster`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			actions, err := s.manager(false).Load(cmd.Context())
			if asJSON {
				return printDone(s.std.out, actions, err)
			}
			return printOutcome(s.std.out, actions, err, "already loaded: nothing to do")
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newUnload(s *settings) *cobra.Command {
	var asJSON bool
	var by force
	cmd := &cobra.Command{
		Use:   "unload",
		Short: "Undo load: unmount dlmfs and configfs, remove the modules",
		Long: `unload undoes what load did and nothing else. A stack that somebody else loaded is
unloaded as the init script of ocfs2-tools does it, which leaves configfs.

While a cluster is online, a lock domain joined, a volume mounted or a module held
by something else it refuses, says by whom, and touches nothing. With --force it
does what offline --force does first.

Exit status:
  0  unloaded, or nothing was loaded
  1  refused or failed`,
		Example: `  umount -a -t ocfs2
  o2cb_ctl offline
  o2cb_ctl unload`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			unloaded, err := by.unload(cmd.Context(), s, asJSON)
			if asJSON {
				return printDone(s.std.out, unloaded, err)
			}
			return printOutcome(s.std.out, unloaded.Actions, err, "not loaded: nothing to do")
		},
	}
	by.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printOutcome prints what was changed before it failed with err, or that it did not
// fail and nothing had to be.
func printOutcome(w io.Writer, actions []stack.Action, err error, nothing string) error {
	changed, printErr := printChanges(w, actions)
	if err == nil && !changed {
		_, printErr = fmt.Fprintln(w, nothing)
	}
	return firstError(err, printErr)
}

// printChanges prints what was changed, a line each, and tells whether anything was.
func printChanges(w io.Writer, actions []stack.Action) (changed bool, err error) {
	for _, a := range actions {
		if a.Already {
			continue
		}
		changed = true
		if _, err := fmt.Fprintln(w, a); err != nil {
			return true, err
		}
	}
	return changed, nil
}

// firstError returns the first of the errors that is one: what was asked for
// failed before its report could not be printed.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
