// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// settings are the flags that every verb shares.
type settings struct {
	std       streams
	root      string
	config    string
	localNode string
	verbose   bool
}

// path puts the root in front of a path. With the usual root a relative path
// stays relative to the working directory.
func (s *settings) path(name string) string {
	if s.root == "/" {
		return name
	}
	return filepath.Join(s.root, name)
}

// manager returns the front door of the library, as the flags have it.
func (s *settings) manager(permissive bool) *libo2cb.Manager {
	return libo2cb.New(s.options(permissive))
}

// options returns what the flags say about the front door.
func (s *settings) options(permissive bool) libo2cb.Options {
	options := libo2cb.Options{
		Root:       s.root,
		Config:     s.path(s.config),
		LocalNode:  s.localNode,
		Permissive: permissive,
		Progress:   newProgress(s.std.err, "").showRegions,
		Find:       findVolumes,
		Starter:    starter{root: s.root},
	}
	if s.verbose {
		log := logrus.New()
		log.SetOutput(s.std.err)
		log.SetLevel(logrus.DebugLevel)
		options.Logger = log
	}
	return options
}

// silentError ends a command whose findings have been printed already.
type silentError struct{ status int }

func (e silentError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// statusError carries an exit status of its own beside the message.
type statusError struct {
	status int
	err    error
}

func (e statusError) Error() string { return e.err.Error() }
func (e statusError) Unwrap() error { return e.err }

// runVerbs is o2cb_ctl under its own name.
func runVerbs(ctx context.Context, args []string, std streams) int {
	if isHistorical(args) {
		return runClassic(ctx, args, std)
	}
	s := &settings{std: std}
	root := newRoot(s)
	root.SetArgs(args)
	if verb, err := root.ExecuteContextC(ctx); err != nil {
		return s.report(verb, args, err)
	}
	return 0
}

// refuse prints the one line of an error and returns the exit status.
func refuse(w io.Writer, program, message string, status int) int {
	fmt.Fprintf(w, "%s: %s\n", program, visible(message))
	return status
}

// visible writes what a terminal would act upon, in a name that somebody has given,
// as Go does in a quoted string.
func visible(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteRune(r)
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// newRoot makes the tree of verbs.
func newRoot(s *settings) *cobra.Command {
	root := &cobra.Command{
		Use:   "o2cb_ctl",
		Short: "Bring an O2CB cluster online and run programs under its locks",
		Long: `o2cb_ctl turns /etc/ocfs2/cluster.conf into a running O2CB cluster, the cluster
stack of the OCFS2 file system, and runs programs under cluster-wide locks.

From a file to a mounted volume:

  o2cb_ctl check              is the file right?
  o2cb_ctl online             load the modules, put the cluster into the kernel
  mount -t ocfs2 /dev/… /mnt  (starts the volume's heartbeat itself)
  o2cb_ctl status             what runs

When the file has changed, on each node of the running cluster:

  o2cb_ctl plan               what would it change?
  o2cb_ctl apply              do it, or take all of it back

And down again:

  o2cb_ctl offline            names who still uses the cluster, and stops nobody
  o2cb_ctl unload             as before load

A first argument like -C, -D, -I or -H is an option of the C program of this name:
o2cb_ctl -h. The manual is in o2cb_ctl(8).`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.std.in)
	root.SetOut(s.std.out)
	root.SetErr(s.std.err)
	root.SetVersionTemplate("o2cb_ctl version {{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVar(&s.root, "root", "/", "prefix of every `path` that is read or written")
	flags.StringVar(&s.config, "config", libo2cb.DefaultConfig, "cluster configuration `file`")
	flags.StringVar(&s.localNode, "local-node", os.Getenv("O2CB_NODE"), "`name` of this host's node, when the host name is another ($O2CB_NODE)")
	flags.BoolVar(&s.verbose, "verbose", false, "log each step to standard error")
	root.Flags().BoolP("version", "V", false, "print the version")
	addGroup(root, "Configuration", newCheck(s), newFmt(s), newExport(s), newImport(s), newConfigure(s))
	addGroup(root, "Cluster", newLoad(s), newUnload(s), newOnline(s), newOffline(s), newPlan(s), newApply(s), newUndo(s), newStatus(s))
	addGroup(root, "Boot", newService(s))
	addGroup(root, "Heartbeat", newHeartbeat(s), newVolume(s))
	addGroup(root, "Locks", newLock(s), newLocks(s), newLockBench(s))
	root.AddCommand(newCompletion(s), newReadBlocks(s), newFindVolumes(s), newSurveyVolumes(s), newStartRegions(s))
	root.AddCommand(newAskPeers(s), newWaitForLock(s), newBenchPeer(s))
	root.PersistentPostRun = func(cmd *cobra.Command, _ []string) { s.publishAfter(cmd.Context(), cmd.CommandPath()) }
	addCompletions(root, s)
	markUsage(root)
	return root
}
