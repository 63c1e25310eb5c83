// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// How long the kernel takes until a region is steady: the node has to see
// itself come alive, then three beats of 2 s without a change. Measured on 6.1;
// o2hb_region_dev_store and o2hb_do_disk_heartbeat in fs/ocfs2/cluster/heartbeat.c.
const (
	FirstRegionTime = 10 * time.Second // no other region beats on this node
	NextRegionTime  = 6 * time.Second
)

// progressPeriod is how often Request.Progress is called.
const progressPeriod = time.Second

// Request says which region to start.
type Request struct {
	Cluster  string   // name of the kernel's cluster
	Device   string   // path of the block device that carries the volume
	UUID     string   // the volume that has to be on it; empty takes what is there
	Lifetime Lifetime // of the reference; the zero value is Persistent

	// Progress, if not nil, is called at the beginning and once a second while
	// the kernel starts the region, on the goroutine that called Start.
	Progress func(elapsed, expected time.Duration)
}

// Result is what Start has done.
type Result struct {
	Volume  *volume.Volume // of a region of StartAll that ran already nothing but the UUID
	Started bool           // false: the region ran already; in local mode it got one more reference
}

// Start starts the heartbeat region of the volume on a device, and counts one
// reference; of a region that runs already it only counts one. It returns when
// the region is steady, see FirstRegionTime.
//
// Before the kernel is touched it checks that the device carries a volume of the
// stack o2cb and of this cluster, that volume and kernel are in local mode, and
// that the kernel has a local node: ErrStack, ErrNoCluster, ErrOtherCluster,
// ErrOtherVolume, ErrMode, ErrGlobal, ErrNoLocalNode; and that this node can write
// its block there, see [volume.Rewrite]. All errors are *Error.
//
// When ctx ends while others start or stop the same region, Start returns at
// once. When it ends after the kernel has begun, the kernel cannot be
// interrupted safely: Start waits until it is done, stops the region again and
// returns ctx.Err() with nothing left behind. A failure leaves nothing either.
//
// A program that starts regions must not die meanwhile: it catches its
// terminating and stopping signals (os/signal) and lets Start return. When it is
// killed the region stays behind by halves, see ErrHalfStarted.
func (k *Keeper) Start(ctx context.Context, r Request) (*Result, error) {
	dev, err := os.OpenFile(r.Device, os.O_RDWR, 0)
	if err != nil {
		return nil, startError(r, "", err)
	}
	defer dev.Close()
	v, err := volume.ReadFile(dev)
	if err != nil {
		return nil, startError(r, "", err)
	}
	c, err := k.kernel.Cluster(r.Cluster)
	if err != nil {
		return nil, startError(r, v.UUID, err)
	}
	if err := check(r, v, c); err != nil {
		return nil, err
	}
	if c.Mode() == cluster.GlobalHeartbeat {
		return nil, &Error{Op: "start", Cluster: r.Cluster, Region: v.UUID, Device: r.Device, Err: ErrGlobal,
			Mend: "its regions are those of the cluster's configuration; o2cb_ctl heartbeat start --all starts them"}
	}
	set, err := lockSet(ctx, v.UUID)
	if err != nil {
		return nil, startError(r, v.UUID, err)
	}
	started, err := k.startIn(ctx, set, r, v, dev)
	if err != nil {
		return nil, err
	}
	return &Result{Volume: v, Started: started}, nil
}

// startIn does the work with the mutex of the region held, and lets go of it.
func (k *Keeper) startIn(ctx context.Context, s *set, r Request, v *volume.Volume, dev *os.File) (started bool, err error) {
	started, err = k.startLocked(ctx, s, r, v, dev)
	if err != nil {
		return false, withCleanup(err, k.release(s, r.Cluster, v.UUID))
	}
	if err := s.unlock(); err != nil {
		return started, startError(r, v.UUID, fmt.Errorf("let go of the semaphore: %w", err))
	}
	return started, nil
}

// startLocked starts the region, unless it runs, and counts the reference; in
// global mode that of a region that runs is there already.
func (k *Keeper) startLocked(ctx context.Context, s *set, r Request, v *volume.Volume, dev *os.File) (started bool, err error) {
	// Read again: somebody may have started it before the mutex was ours.
	c, err := k.kernel.Cluster(r.Cluster)
	if err != nil {
		return false, startError(r, v.UUID, err)
	}
	switch region := find(c, v.UUID); {
	case region == nil:
		if err := writable(r, v, c, dev); err != nil {
			return false, err
		}
		if err := k.startRegion(ctx, r, v, dev, expected(c)); err != nil {
			return false, err
		}
		started = true
	case region.Device == "":
		return false, halfStarted("start", r.Cluster, v.UUID)
	case c.Mode() == cluster.GlobalHeartbeat:
		return false, nil
	}
	if err := s.take(r.Lifetime); err != nil {
		err = startError(r, v.UUID, fmt.Errorf("count a reference: %w", err))
		if started {
			err = withCleanup(err, k.remove(context.WithoutCancel(ctx), r.Cluster, v.UUID))
		}
		return false, err
	}
	return started, nil
}

// startRegion starts a region that does not exist.
func (k *Keeper) startRegion(ctx context.Context, r Request, v *volume.Volume, dev *os.File, expected time.Duration) error {
	done := quietly(func() error { return k.kernel.StartRegion(r.Cluster, v.UUID, v.Area, dev) })
	if err := watch(done, r.Progress, expected); err != nil {
		return startError(r, v.UUID, err)
	}
	if err := ctx.Err(); err != nil {
		return withCleanup(startError(r, v.UUID, err), k.remove(context.WithoutCancel(ctx), r.Cluster, v.UUID))
	}
	return nil
}

// watch waits for done and reports progress meanwhile.
func watch(done <-chan error, progress func(elapsed, expected time.Duration), expected time.Duration) error {
	if progress == nil {
		return <-done
	}
	begin := time.Now()
	tick := time.NewTicker(progressPeriod)
	defer tick.Stop()
	for {
		progress(time.Since(begin), expected)
		select {
		case err := <-done:
			return err
		case <-tick.C:
		}
	}
}

// expected is how long the kernel will take to start one more region.
func expected(c *cluster.Cluster) time.Duration {
	if len(beating(c)) > 0 {
		return NextRegionTime
	}
	return FirstRegionTime
}

// release lets go of the mutex after a failure. A set that counts nothing, for a
// region that does not beat, goes: this very call has made it.
func (k *Keeper) release(s *set, clusterName, region string) error {
	n, err := s.count()
	if err == nil && n == 0 {
		if c, err := k.kernel.Cluster(clusterName); err == nil && !beats(c, region) {
			return s.remove()
		}
	}
	return s.unlock()
}

func startError(r Request, region string, err error) error {
	return &Error{Op: "start", Cluster: r.Cluster, Region: region, Device: r.Device, Err: err}
}

// withCleanup adds what went wrong while cleaning up to err, in one line.
func withCleanup(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	joined := *e
	joined.Err = fmt.Errorf("%w; then, while cleaning up: %w", e.Err, cleanup)
	return &joined
}
