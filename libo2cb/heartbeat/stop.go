// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Stop takes one reference away, and with the last one stops the region. stopped
// says whether it did; else others use it. A region without references, left
// behind by a process that died, is stopped as well.
//
// l must be the Lifetime that the reference was started with; ProcessBound only
// in the process that started it.
//
// The last reference goes only after the kernel let go of the region: when that
// fails, with EBUSY while the region's volume is mounted, the count is as before.
// The kernel does not mind lock domains of dlmfs, whose locks the other nodes
// give out as soon as this node beats nowhere: before the node's last region
// goes, the function that New got is asked, and its error keeps region and
// count. Stopping takes up to 2 s, the kernel's beat; ctx ends only the wait for
// others that start or stop the same region, and that question.
//
// Two calls for different regions must not run at once: each would take the
// other's for the one that stays.
//
// The error is an *Error: ErrGlobal, ErrNotRunning, ErrHalfStarted, the kernel's
// errno, that of the function, or ctx.Err().
func (k *Keeper) Stop(ctx context.Context, clusterName, region string, l Lifetime) (stopped bool, err error) {
	fail := func(err error) (bool, error) {
		return false, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: err}
	}
	c, err := k.kernel.Cluster(clusterName)
	if err != nil {
		return fail(err)
	}
	if c.Mode() == cluster.GlobalHeartbeat {
		return false, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: ErrGlobal,
			Mend: "o2cb_ctl heartbeat stop --all stops it"}
	}
	if find(c, region) == nil {
		if _, counted, err := k.References(region); err == nil && !counted {
			return fail(ErrNotRunning)
		}
	}
	return k.stop(ctx, clusterName, region, l)
}

// stop takes the mutex of a region, then a reference away, and with the last one
// stops the region.
func (k *Keeper) stop(ctx context.Context, clusterName, region string, l Lifetime) (stopped bool, err error) {
	fail := func(err error) (bool, error) {
		return false, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: err}
	}
	set, err := lockSet(ctx, region)
	if err != nil {
		return fail(err)
	}
	stopped, err = k.stopLocked(ctx, set, clusterName, region, l)
	if err != nil {
		return false, withCleanup(err, k.release(set, clusterName, region))
	}
	if !stopped {
		err = set.unlock()
	}
	if err != nil {
		return fail(fmt.Errorf("let go of the semaphore: %w", err))
	}
	return stopped, nil
}

// stopLocked does the work with the mutex of the region held. After it stopped
// the region the set is gone, and the mutex with it.
func (k *Keeper) stopLocked(ctx context.Context, s *set, clusterName, region string, l Lifetime) (stopped bool, err error) {
	fail := func(err error) (bool, error) {
		return false, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: err}
	}
	n, err := s.count()
	if err != nil {
		return fail(fmt.Errorf("read the reference count: %w", err))
	}
	c, err := k.kernel.Cluster(clusterName)
	if err != nil {
		return fail(err)
	}
	switch r := find(c, region); {
	case r == nil:
		return fail(errorOr(s.remove(), ErrNotRunning))
	case r.Device == "":
		return false, halfStarted("stop", clusterName, region)
	case n > 1:
		return k.stopShared(ctx, s, clusterName, region, l)
	}
	return true, k.stopRegion(ctx, s, clusterName, region)
}

// stopShared takes one of several references away. Those of processes that die
// go without asking for the mutex; if that left none, the region is stopped.
func (k *Keeper) stopShared(ctx context.Context, s *set, clusterName, region string, l Lifetime) (stopped bool, err error) {
	if err := s.drop(l); err != nil {
		return false, &Error{Op: "stop", Cluster: clusterName, Region: region, Err: fmt.Errorf("take a reference away: %w", err)}
	}
	if n, err := s.count(); err != nil || n > 0 {
		return false, nil
	}
	if err := k.stopRegion(ctx, s, clusterName, region); err != nil {
		return false, withCleanup(err, s.take(l))
	}
	return true, nil
}

// stopRegion stops the region, then removes its semaphores.
func (k *Keeper) stopRegion(ctx context.Context, s *set, clusterName, region string) error {
	err := k.remove(ctx, clusterName, region)
	if errors.Is(err, unix.ENOENT) {
		err = nil
	}
	if err == nil {
		err = s.remove()
	}
	if err != nil {
		return &Error{Op: "stop", Cluster: clusterName, Region: region, Err: err}
	}
	return nil
}

// errorOr returns err, or other when there is none.
func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
