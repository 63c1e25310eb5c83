// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// Nodes registers many nodes of one cluster with as few system calls as there can
// be: what it opens for one node serves the next, and what it has written it
// closes in bundles. It is for one goroutine.
//
// A cluster that is removed and made again is another one: Nodes stays with the
// old, in which every Add fails with ENOENT.
type Nodes struct {
	group   *dir
	written []int // attributes that are still open
}

// maxWritten is how many attributes Nodes keeps open, a fraction of the 1024 files
// that a process may commonly have.
const maxWritten = 64

// Nodes returns the nodes of a cluster, for Add. Close them.
func (f *FS) Nodes(clusterName string) (*Nodes, error) {
	group, err := f.in(clusterName, "node")
	if err != nil {
		return nil, err
	}
	return &Nodes{group: group}, nil
}

// Add registers a node. A node marked Local is the one of this machine: the
// kernel then listens on its address and port.
//
// The attributes are written in the order that the kernel demands and read
// back. On any failure the node is removed again; should that fail too, both
// errors are joined. The errnos: EEXIST for a name, number or address that is
// taken, ERANGE for a number above [cluster.MaxNodeNumber], EINVAL for a port
// or an address that cannot be, EBUSY for a second local node, EADDRNOTAVAIL for
// a local address that this host does not have, ENAMETOOLONG for more than
// [cluster.MaxNodeName] bytes.
func (a *Nodes) Add(n cluster.Node) error {
	if err := checkName("mkdir", a.group.path, n.Name, cluster.MaxNodeName); err != nil {
		return err
	}
	if err := a.group.mkdir(n.Name); err != nil {
		return because(err, unix.EEXIST, "the cluster has a node of this name", "")
	}
	for _, attribute := range nodeAttributes(n) {
		if err := a.set(n.Name+"/"+attribute.name, attribute.value); err != nil {
			a.settle()
			return withCleanup(explainListen(err, n), a.group.rmdir(n.Name))
		}
	}
	return nil
}

func (a *Nodes) set(rel, value string) error {
	if len(a.written) >= maxWritten {
		a.settle()
	}
	fd, err := a.group.setOpen(rel, value)
	if err == nil {
		a.written = append(a.written, fd)
	}
	return err
}

// settle closes what was written. The kernel has it since the write.
func (a *Nodes) settle() {
	closeAll(a.written)
	a.written = a.written[:0]
}

// Close lets go of everything that is open.
func (a *Nodes) Close() {
	a.settle()
	a.group.close()
}
