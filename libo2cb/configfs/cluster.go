// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// Clusters returns the names of the clusters in the kernel, sorted. The kernels
// known carry at most one. Reading needs no privilege.
//
// It fails with ENOENT when configfs is not mounted or the node manager is not
// loaded.
func (f *FS) Clusters() ([]string, error) {
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	defer root.close()
	return root.list()
}

// Cluster returns the cluster as the kernel holds it: nodes by number, regions
// by name with the devices they beat on. Reading needs no privilege.
//
// A node whose registration was cut short has no port or no address and reads
// as number 0. The error is ENOENT when there is no such cluster, and says so
// when something was removed in the middle of the reading; a picture that mixes
// before and after is never returned.
func (f *FS) Cluster(name string) (*cluster.Cluster, error) {
	return f.read(name, readNodes)
}

// Outline is Cluster, but of the nodes it reads nothing but their names, which is
// a tenth of the work.
func (f *FS) Outline(name string) (*cluster.Cluster, error) {
	return f.read(name, readNodeNames)
}

// read reads a cluster, its nodes with the given function.
func (f *FS) read(name string, nodes func(*dir) ([]cluster.Node, error)) (*cluster.Cluster, error) {
	d, err := f.cluster(name)
	if err != nil {
		return nil, err
	}
	defer d.close()
	c := &cluster.Cluster{Name: name}
	if c.HeartbeatMode, err = readMode(d); err != nil {
		return nil, vanished(err)
	}
	if c.Nodes, err = nodes(d); err != nil {
		return nil, vanished(err)
	}
	if c.Regions, err = readRegions(d); err != nil {
		return nil, vanished(err)
	}
	// A directory removed while it is open lists as empty, without an error.
	stands, err := d.stands()
	if err != nil {
		return nil, err
	}
	if !stands {
		return nil, vanished(newError("read", d.path, "", unix.ENOENT))
	}
	return c, nil
}

// vanished explains ENOENT and ENODEV met while a directory was being read.
func vanished(err error) error {
	var e *Error
	if errors.As(err, &e) && (errors.Is(e.Err, unix.ENOENT) || errors.Is(e.Err, unix.ENODEV)) {
		e.Reason, e.Mend = "it was removed while the cluster was being read", "run the command again"
	}
	return err
}

// CreateCluster makes an empty cluster.
//
// It fails with EEXIST when it exists and with ENOSPC when another one does: the
// kernel carries one. Any directory name will do for the kernel; what a volume
// can carry is package cluster's rule.
func (f *FS) CreateCluster(name string) error {
	root, err := f.root()
	if err != nil {
		return err
	}
	defer root.close()
	if err := checkName("mkdir", root.path, name, maxComponent); err != nil {
		return err
	}
	err = root.mkdir(name)
	err = because(err, unix.EEXIST, "the cluster exists", "")
	return because(err, unix.ENOSPC, "the kernel carries one cluster, and another one exists", "o2cb_ctl offline")
}

// RemoveCluster removes a cluster that has neither nodes nor regions.
//
// It fails with ENOTEMPTY while it has some, and with ENOENT when there is none.
func (f *FS) RemoveCluster(name string) error {
	root, err := f.root()
	if err != nil {
		return err
	}
	defer root.close()
	if err := checkName("rmdir", root.path, name, maxComponent); err != nil {
		return err
	}
	err = root.rmdir(name)
	err = because(err, unix.ENOENT, "the kernel has no cluster of this name", "")
	return because(err, unix.ENOTEMPTY, "the cluster still has nodes or heartbeat regions", "o2cb_ctl offline")
}
