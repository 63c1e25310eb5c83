// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"os"

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
	// RemoveRegion stops a region; EBUSY when the kernel needs it.
	RemoveRegion(cluster, name string) error
}

// Keeper starts, stops and counts heartbeat regions. It holds no state of its
// own: the kernel has the regions and the semaphores. Its methods may be used by
// several goroutines and processes at once; those on one region take turns.
type Keeper struct {
	kernel Kernel
}

// New returns a Keeper for the clusters of kernel.
func New(kernel Kernel) *Keeper { return &Keeper{kernel: kernel} }

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

// halfStarted reports a region without device, which must not be removed.
func halfStarted(op, clusterName, region string) error {
	return &Error{
		Op: op, Cluster: clusterName, Region: region, Err: ErrHalfStarted,
		Found: "it exists in the kernel without a device",
		Mend:  "reboot this node; removing its directory in configfs can crash the kernel",
	}
}
