// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"os"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Kernel is what a Keeper needs of the kernel; *configfs.FS is one.
type Kernel interface {
	// Cluster reads a cluster with its mode, nodes and regions. A region whose
	// Device is empty has no heartbeat.
	Cluster(name string) (*cluster.Cluster, error)
	// StartRegion starts a region and returns when it is steady. On failure the
	// region is gone or, where the kernel would not survive that, without device.
	StartRegion(cluster, name string, a cluster.Area, dev *os.File) error
	// RemoveRegion stops a region; EBUSY when the kernel needs it, which is when a
	// domain has the region's name: that of its mounted volume.
	RemoveRegion(cluster, name string) error
	// RegionPID returns the kernel's thread for a region, and 0 while it has none
	// and where the kernel does not tell.
	RegionPID(cluster, name string) (int, error)
}

// Keeper starts, stops and counts heartbeat regions. It holds no state of its
// own: the kernel has the regions and the semaphores. Its methods may be used by
// several goroutines and processes at once; those on one region take turns.
type Keeper struct {
	kernel Kernel
	vacate func(ctx context.Context) error
}

// New returns a Keeper for the clusters of kernel.
//
// vacate is called, with the mutex of the region held, before the last beating
// region of this node is removed, and its error keeps the region. It has to see
// to it that no lock domain is joined afterwards: the kernel lets the last region
// go under a domain of dlmfs, and two seconds later the other nodes give out the
// locks that are held here. nil is for a node that has no such domains.
func New(kernel Kernel, vacate func(ctx context.Context) error) *Keeper {
	if vacate == nil {
		vacate = func(context.Context) error { return nil }
	}
	return &Keeper{kernel: kernel, vacate: vacate}
}

// RegionState is a region of the kernel with its users.
type RegionState struct {
	cluster.Region
	References int  // how many users are counted
	Counted    bool // false: nobody ever counted, the region was started by hand
}

// Regions returns the regions of a cluster, in the kernel's order.
func (k *Keeper) Regions(clusterName string) ([]RegionState, error) {
	c, err := k.kernel.Cluster(clusterName)
	if err != nil {
		return nil, &Error{Op: "list", Cluster: clusterName, Err: err}
	}
	var states []RegionState
	for _, r := range c.Regions {
		n, ok, err := k.References(r.Name)
		if err != nil {
			return nil, err
		}
		states = append(states, RegionState{Region: r, References: n, Counted: ok})
	}
	return states, nil
}

// References returns how many users of a region are counted, on this machine.
// ok is false when nobody counts; then n is 0. Asking leaves no trace, other
// than ocfs2_hb_ctl -I. A region that runs with 0 references was left behind by
// a process that died.
//
// The error is an *Error that wraps the errno: EACCES without root's rights.
func (k *Keeper) References(region string) (n int, ok bool, err error) {
	n, ok, err = countReferences(region)
	if err != nil {
		return 0, false, &Error{Op: "count", Region: region, Err: err}
	}
	return n, ok, nil
}

// find returns the region of c called name, or nil.
func find(c *cluster.Cluster, name string) *cluster.Region {
	for i := range c.Regions {
		if c.Regions[i].Name == name {
			return &c.Regions[i]
		}
	}
	return nil
}

// beats reports whether c has a region called name with a heartbeat.
func beats(c *cluster.Cluster, name string) bool {
	r := find(c, name)
	return r != nil && r.Device != ""
}

// remove removes a region from the kernel, once nobody depends on it being the
// last that beats. Between the two a domain can still be joined.
func (k *Keeper) remove(ctx context.Context, clusterName, region string) error {
	c, err := k.kernel.Cluster(clusterName)
	if err != nil {
		return err
	}
	if isLast(c, region) {
		if err := k.vacate(ctx); err != nil {
			return err
		}
	}
	return k.kernel.RemoveRegion(clusterName, region)
}

// isLast reports whether no region of c beats but the one called name.
func isLast(c *cluster.Cluster, name string) bool {
	return !slices.ContainsFunc(c.Regions, func(r cluster.Region) bool { return r.Name != name && r.Device != "" })
}

// halfStarted reports a region without device, which must not be removed.
func halfStarted(op, clusterName, region string) error {
	return &Error{
		Op: op, Cluster: clusterName, Region: region, Err: ErrHalfStarted,
		Found: "it exists in the kernel without a device",
		Mend:  "reboot this node; removing its directory in configfs can crash the kernel",
	}
}
