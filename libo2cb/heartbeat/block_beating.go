// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"os/exec"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// beatTime is how often a node writes its block. O2HB_REGION_TIMEOUT_MS in
// fs/ocfs2/cluster/heartbeat.h.
const beatTime = 2 * time.Second

// How long blocks are watched for a change, and how often. A beat begins beatTime
// after the last one and takes as long as the disk does.
const (
	watchTime  = 2*beatTime + time.Second
	watchPause = beatTime / 8
)

// Beating returns the numbers of the nodes that beat in a region, in ascending
// order, as its blocks on disk show: those that change. child is what
// [StartBlockReader] takes.
//
// It takes up to five seconds, and less when all nodes that have not left in order
// are seen to beat: only a node that died without having come back since makes it
// wait so long. A disk that does not answer makes it wait until ctx ends: give it
// a deadline. The error is ctx.Err() or that of [BlockReader.Read]; the child is
// told to end either way.
func Beating(ctx context.Context, child *exec.Cmd) ([]int, error) {
	reader, err := StartBlockReader(child)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return watchBlocks(ctx, reader.Read)
}

// watchBlocks compares a first reading with later ones.
func watchBlocks(ctx context.Context, read func(context.Context) (Reading, error)) ([]int, error) {
	first, err := read(ctx)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(watchPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		now, err := read(ctx)
		if err != nil {
			return nil, err
		}
		nodes := volume.Beating(first.Slots, now.Slots)
		if len(nodes) == members(now.Slots) || now.At.Sub(first.At) >= watchTime {
			return nodes, nil
		}
	}
}

// members counts the nodes that did not leave the region in order.
func members(slots []volume.Slot) int {
	n := 0
	for _, s := range slots {
		if s.Valid && s.Generation != 0 && s.Node == s.Number {
			n++
		}
	}
	return n
}
