// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// beatingLimit is how long status waits for the disks: a little more than it takes
// to see that a node does not beat.
const beatingLimit = 7 * time.Second

// turnDir is where the processes that read disks for status queue up.
const turnDir = "/run/o2cb"

// readBeating fills in, from the disks, who beats in the regions of this machine of
// which the kernel did not say it, and so which nodes are live. child makes the
// process that reads one, as turnReaderOf does. All disks are read at the same
// time, for at most beatingLimit. What cannot be read stays unknown.
func readBeating(ctx context.Context, c *libo2cb.ClusterStatus, child func(device, region string) (*exec.Cmd, error)) {
	ctx, stop := context.WithTimeout(ctx, beatingLimit)
	defer stop()
	var wait sync.WaitGroup
	for i := range c.Regions {
		r := &c.Regions[i]
		if r.Beating != nil || r.Device == "" {
			continue
		}
		wait.Go(func() { r.Beating = beatingIn(ctx, r, child) })
	}
	wait.Wait()
	markLive(c)
}

// beatingIn returns who beats in a region, nil when that is not to be had.
func beatingIn(ctx context.Context, r *libo2cb.RegionStatus, child func(device, region string) (*exec.Cmd, error)) []int {
	cmd, err := child(r.Device, r.Name)
	if err != nil {
		return nil
	}
	nodes, err := heartbeat.Beating(ctx, cmd)
	if err != nil {
		return nil
	}
	return append([]int{}, nodes...)
}

// markLive marks the nodes that beat somewhere as live, where the kernel did not
// say it. The others are not, unless a region is unknown.
func markLive(c *libo2cb.ClusterStatus) {
	all := len(c.Regions) > 0
	var beating []int
	for _, r := range c.Regions {
		all = all && r.Beating != nil
		beating = append(beating, r.Beating...)
	}
	for i := range c.Nodes {
		live := slices.Contains(beating, c.Nodes[i].Number)
		if c.Nodes[i].Live == nil && (live || all) {
			c.Nodes[i].Live = &live
		}
	}
}

// turnReaderOf is readerOf for a process that waits its turn, so that of many calls
// of status only one hangs over a disk. Only root's queue up.
func turnReaderOf(device, region string) (*exec.Cmd, error) {
	cmd, err := readerOf(device, region)
	if err != nil || os.Geteuid() != 0 {
		return cmd, err
	}
	if err := os.Mkdir(turnDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	cmd.Args = append(cmd.Args, "--turn", filepath.Join(turnDir, "read-"+filepath.Base(region)))
	return cmd, nil
}
