// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// StartAll starts the regions of a cluster in global mode, side by side, in about
// the time of one, see FirstRegionTime, and counts one persistent reference for
// each that it starts. Regions that run already are left alone and not counted
// again, as the C program o2cb does it; their devices are not even opened.
// Request.Cluster, Lifetime and Progress mean nothing here. progress, which may be
// nil, is called on the calling goroutine whenever something has changed, and once
// a second, with one entry for each request, in their order; so are the results.
//
// It is all or nothing. Before the kernel is touched all volumes are checked as
// Start does it, each must be made for global heartbeat, and no more than 32
// regions may run: ErrLocal, ErrTooManyRegions, and those of Start. When a start
// fails, or ctx ends, it waits until the kernel is done with all of them, and stops
// those again that it has started itself. Errors are *Error and name the region.
//
// The kernel gives the first region of a node twice the time to see the others
// (O2HB_LIVE_THRESHOLD in fs/ocfs2/cluster/heartbeat.c). For it to know which
// one that is, the others begin when the thread of the first one runs.
func (k *Keeper) StartAll(ctx context.Context, clusterName string, requests []Request, progress func([]Progress)) ([]Result, error) {
	names := make([]string, len(requests))
	for i, r := range requests {
		names[i] = r.UUID
	}
	c, err := k.settled(ctx, "start", clusterName, names)
	if err != nil {
		return nil, err
	}
	l, err := newLaunch(k, c, requests)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if progress == nil {
		progress = func([]Progress) {}
	}
	if err := l.run(ctx, progress); err != nil {
		return nil, withCleanup(err, l.undo(ctx))
	}
	return l.results(), nil
}

// StopAll takes away the reference of each of the named regions of a cluster in
// global mode, and stops those that have no other, one after the other; nil names
// all that run. It returns what it has stopped, also on failure; a region that does
// not run is none of it.
//
// Nothing has been touched when one of them was started by halves, when the cluster
// is not in global mode (ErrLocal), and, when all that beat here are to stop, when
// the function that New got refuses. The first refusal of the kernel ends it: EBUSY
// while volumes are mounted or domains joined and 3 regions or fewer run. A region
// that has just started counts a beat later: with more than 3 a refusal is tried
// again for 10 s. Each stop takes up to 2 s; ctx ends it between two. Errors are
// *Error.
func (k *Keeper) StopAll(ctx context.Context, clusterName string, regions []string) (stopped []string, err error) {
	c, err := k.settled(ctx, "stop", clusterName, regions)
	if err != nil {
		return nil, err
	}
	doomed := among(c, regions)
	if len(doomed) == 0 {
		return nil, nil
	}
	if len(beating(c)) == len(doomed) {
		if err := k.vacate(ctx); err != nil {
			return nil, &Error{Op: "stop", Cluster: clusterName, Region: doomed[0], Err: err}
		}
	}
	for _, region := range doomed {
		if err := ctx.Err(); err != nil {
			return stopped, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: err}
		}
		gone, err := k.stopHeld(ctx, clusterName, region)
		if err != nil {
			return stopped, err
		}
		if gone {
			stopped = append(stopped, region)
		}
	}
	return stopped, nil
}

// While somebody uses the cluster the kernel holds all regions as long as no more
// than pinned of them are steady on all nodes. O2HB_PIN_CUT_OFF in
// fs/ocfs2/cluster/heartbeat.c.
const pinned = 3

const (
	// quorumTime is how long a region that has just started is waited for until it
	// counts: a beat of 2 s after it is steady, and as many more as other nodes take.
	quorumTime = 10 * time.Second
	quorumPoll = 100 * time.Millisecond
)

// stopHeld is stop for a region that the kernel holds, perhaps only until another
// one counts that has just started.
func (k *Keeper) stopHeld(ctx context.Context, clusterName, region string) (stopped bool, err error) {
	deadline := time.Now().Add(quorumTime)
	for {
		stopped, err = k.stop(ctx, clusterName, region, Persistent)
		if !errors.Is(err, unix.EBUSY) {
			return stopped, err
		}
		running, readErr := k.kernel.Cluster(clusterName)
		if readErr != nil {
			return false, err
		}
		if n := len(beating(running)); n <= pinned || time.Now().After(deadline) {
			return false, held(err, n)
		}
		select {
		case <-time.After(quorumPoll):
		case <-ctx.Done():
			return false, err
		}
	}
}

// held adds to the kernel's refusal when it refuses.
func held(err error, running int) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Found = fmt.Sprintf("%d regions run, and while %d or fewer do the kernel holds them all for whoever uses the cluster", running, pinned)
	return &told
}

// Settle waits until nobody is starting or stopping a region of a cluster in global
// mode. One that was started by halves then is an *Error with ErrHalfStarted.
func (k *Keeper) Settle(ctx context.Context, clusterName string) error {
	_, err := k.settled(ctx, "start", clusterName, nil)
	return err
}

// settled reads a cluster, which must be in global mode, when nobody is starting or
// stopping the named regions of it, nil for all. One of them that has no device
// then was started by halves.
func (k *Keeper) settled(ctx context.Context, op, clusterName string, regions []string) (*cluster.Cluster, error) {
	c, err := k.globalCluster(op, clusterName)
	if err != nil {
		return nil, err
	}
	for _, region := range among(c, regions) {
		if err := k.await(ctx, clusterName, region); err != nil {
			return nil, &Error{Op: op, Cluster: clusterName, Region: region, Err: err}
		}
	}
	if c, err = k.globalCluster(op, clusterName); err != nil {
		return nil, err
	}
	for _, region := range among(c, regions) {
		if !beats(c, region) {
			return nil, halfStarted(op, clusterName, region)
		}
	}
	return c, nil
}

// globalCluster reads a cluster, which must be in global mode.
func (k *Keeper) globalCluster(op, clusterName string) (*cluster.Cluster, error) {
	c, err := k.kernel.Cluster(clusterName)
	if err != nil {
		return nil, &Error{Op: op, Cluster: clusterName, Err: err}
	}
	if c.Mode() != cluster.GlobalHeartbeat {
		return nil, &Error{Op: op, Cluster: clusterName, Err: ErrLocal,
			Mend: fmt.Sprintf("o2cb heartbeat-mode %s global, then offline and online, makes it global", clusterName)}
	}
	return c, nil
}

// await waits until nobody is starting or stopping a region, without leaving a
// semaphore set where there was none.
func (k *Keeper) await(ctx context.Context, clusterName, region string) error {
	if _, counted, err := countReferences(region); err != nil || !counted {
		return err
	}
	s, err := lockSet(ctx, region)
	if err != nil {
		return err
	}
	return k.release(s, clusterName, region)
}

// among returns the names of the regions of c that are in names, nil for all.
func among(c *cluster.Cluster, names []string) []string {
	var found []string
	for _, r := range c.Regions {
		if names == nil || slices.Contains(names, r.Name) {
			found = append(found, r.Name)
		}
	}
	return found
}

// beating returns the names of the regions of c that have a heartbeat.
func beating(c *cluster.Cluster) []string {
	var names []string
	for _, r := range c.Regions {
		if r.Device != "" {
			names = append(names, r.Name)
		}
	}
	return names
}
