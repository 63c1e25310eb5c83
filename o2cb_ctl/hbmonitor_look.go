// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// runningCluster returns what the monitor has to watch, nil when there is nothing.
func runningCluster() (*heartbeat.Running, error) {
	s := stack.New("/", nil)
	mountPoint, err := s.ConfigFS()
	if errors.Is(err, stack.ErrNotMounted) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	running, err := readRunning(configfs.New(mountPoint))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // no node manager, or the cluster went away just now
	}
	if err != nil || running == nil {
		return nil, err
	}
	if running.DebugFS, err = s.DebugFS(); errors.Is(err, stack.ErrNotMounted) {
		err = nil
	}
	return running, err
}

// readRunning reads the kernel's cluster, nil when it has none that this node
// belongs to.
func readRunning(kernel *configfs.FS) (*heartbeat.Running, error) {
	names, err := kernel.Clusters()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	c, err := kernel.Cluster(names[0])
	if err != nil {
		return nil, err
	}
	local := slices.IndexFunc(c.Nodes, func(n cluster.Node) bool { return n.Local })
	if local < 0 {
		return nil, nil
	}
	timing, err := kernel.Timing(names[0])
	if err != nil {
		return nil, err
	}
	return &heartbeat.Running{Node: c.Nodes[local].Number, DeadTime: timing.DeadTime(), Regions: c.Regions}, nil
}

// readBlocksVerb is the verb of a process that reads a region's blocks, and may hang
// over it, for another one.
const readBlocksVerb = "read-blocks"

// readerOf makes the command that reads the blocks of a region of this machine
// whose device the kernel calls name.
func readerOf(name, region string) (*exec.Cmd, error) {
	path, err := heartbeat.DevicePath("/", name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", readBlocksVerb, path, region)
	cmd.Args[0] = "o2cb_ctl"
	return cmd, nil
}

// newReadBlocks makes the verb of that process.
func newReadBlocks(s *settings) *cobra.Command {
	var turn string
	cmd := &cobra.Command{
		Use:    readBlocksVerb + " DEVICE REGION",
		Short:  "Read the heartbeat blocks of a region for each line of input",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			setProcessName("o2cb_ctl")
			if turn != "" {
				lock, err := waitTurn(turn)
				if err != nil {
					return err
				}
				defer lock.Close()
			}
			return heartbeat.ServeBlocks(args[0], args[1], s.std.in, s.std.out)
		},
	}
	cmd.Flags().StringVar(&turn, "turn", "", "lock this `file` first, so that of many such processes only one can hang")
	return cmd
}

// waitTurn waits for an exclusive lock on a file, which it makes when it is not
// there. Other than one that hangs over a disk, a process that waits here can be killed.
func waitTurn(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: path, Err: err}
		}
	}
}
