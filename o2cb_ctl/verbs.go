// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
	options := libo2cb.Options{
		Root:       s.root,
		Config:     s.path(s.config),
		LocalNode:  s.localNode,
		Permissive: permissive,
	}
	if s.verbose {
		log := logrus.New()
		log.SetOutput(s.std.err)
		log.SetLevel(logrus.DebugLevel)
		options.Logger = log
	}
	return libo2cb.New(options)
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
	root := newRoot(&settings{std: std})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var silent silentError
	var status statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return silent.status
	case errors.As(err, &status):
		return refuse(std.err, "o2cb_ctl", err.Error(), status.status)
	default:
		return refuse(std.err, "o2cb_ctl", err.Error(), 1)
	}
}

// refuse prints the one line of an error and returns the exit status.
func refuse(w io.Writer, program, message string, status int) int {
	fmt.Fprintf(w, "%s: %s\n", program, message)
	return status
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
  o2cb_ctl load               load the kernel's modules, mount configfs and dlmfs
  o2cb_ctl online             put the cluster of the file into the kernel
  mount -t ocfs2 /dev/… /mnt  (starts the volume's heartbeat itself)
  o2cb_ctl status             what runs`,
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
	root.AddCommand(
		newCheck(s), newFmt(s),
		newLoad(s), newUnload(s), newOnline(s), newOffline(s), newStatus(s),
		newHeartbeat(s), newVolume(s), newLock(s),
	)
	return root
}
