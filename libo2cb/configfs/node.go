// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"fmt"
	"net/netip"
	"sort"
	"strconv"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// AddNode registers a node, as [Nodes.Add] does.
func (f *FS) AddNode(clusterName string, n cluster.Node) error {
	nodes, err := f.Nodes(clusterName)
	if err != nil {
		return err
	}
	defer nodes.Close()
	return nodes.Add(n)
}

type attribute struct{ name, value string }

// nodeAttributes returns what makes a node, in the kernel's order: the number
// needs port and address, local needs all three. o2nm_node_num_store and
// o2nm_node_local_store in fs/ocfs2/cluster/nodemanager.c.
func nodeAttributes(n cluster.Node) []attribute {
	attributes := []attribute{
		{"ipv4_port", strconv.Itoa(n.Port)},
		{"ipv4_address", n.Address.String()},
		{"num", strconv.Itoa(n.Number)},
	}
	if n.Local {
		attributes = append(attributes, attribute{"local", "1"})
	}
	return attributes
}

// explainListen explains why the kernel could not listen: writing local binds
// the socket.
func explainListen(err error, n cluster.Node) error {
	err = because(err, unix.EADDRNOTAVAIL, n.Address.String()+" is not an address of this host",
		"give the node an address that this host has, or add the address to an interface")
	return because(err, unix.EADDRINUSE, fmt.Sprintf("another program listens on port %d of %s", n.Port, n.Address),
		"stop that program or give the node another port")
}

// NumberNode writes the number of a node that is there already and tells
// whether that was missing. In a node that was cut short after its address the
// number reads as 0 although the kernel has none, so that node number 0 can
// look whole and not be; no other state of configfs is so deceptive.
//
// On a whole node it changes nothing and returns false: the kernel answers EEXIST
// or EBUSY, by its age. The caller must know that no other node has the number.
// Needs root.
func (f *FS) NumberNode(clusterName, node string, number int) (bool, error) {
	nodes, err := f.in(clusterName, "node")
	if err != nil {
		return false, err
	}
	defer nodes.close()
	if err := checkName("open", nodes.path, node, maxComponent); err != nil {
		return false, err
	}
	d, err := nodes.sub(node)
	if err != nil {
		return false, because(err, unix.ENOENT, "the cluster has no node of this name", "")
	}
	defer d.close()
	err = d.write("num", strconv.Itoa(number))
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) {
		return false, nil
	}
	return err == nil, err
}

// RemoveNode takes a node out of the cluster. Removing the local one also ends
// the listening.
//
// It fails with EBUSY while the node is alive and in use, and with ENOENT when
// there is none.
func (f *FS) RemoveNode(clusterName, node string) error {
	nodes, err := f.in(clusterName, "node")
	if err != nil {
		return err
	}
	defer nodes.close()
	if err := checkName("rmdir", nodes.path, node, maxComponent); err != nil {
		return err
	}
	err = nodes.rmdir(node)
	err = because(err, unix.ENOENT, "the cluster has no node of this name", "")
	return because(err, unix.EBUSY, "the node is alive and in use", "stop its heartbeat first: unmount its volumes, take it offline")
}

func readNodes(d *dir) ([]cluster.Node, error) {
	var nodes []cluster.Node
	found := false
	err := d.each("node", func(group *dir, name string) error {
		n, err := readNode(group, name)
		// The kernel has one local node, so that no other need be asked.
		// o2nm_node_local_store in fs/ocfs2/cluster/nodemanager.c.
		if err == nil && !found {
			n.Local, err = readBool(group, name+"/local")
			found = n.Local
		}
		nodes = append(nodes, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(nodes, func(i, j int) bool { return nodes[i].Number < nodes[j].Number })
	return nodes, nil
}

// readNodeNames returns the nodes without their attributes.
func readNodeNames(d *dir) ([]cluster.Node, error) {
	var nodes []cluster.Node
	err := d.each("node", func(_ *dir, name string) error {
		nodes = append(nodes, cluster.Node{Name: name})
		return nil
	})
	return nodes, err
}

// readNode reads the node called name in the directory of all nodes, except
// whether it is the local one. Its attributes are opened from there: a directory
// opened for each node would be one more call for every two attributes.
func readNode(group *dir, name string) (cluster.Node, error) {
	n := cluster.Node{Name: name}
	var err error
	if n.Number, err = readInt(group, name+"/num"); err != nil {
		return n, err
	}
	if n.Port, err = readInt(group, name+"/ipv4_port"); err != nil {
		return n, err
	}
	text, err := group.read(name + "/ipv4_address")
	if err != nil {
		return n, err
	}
	if n.Address, err = netip.ParseAddr(text); err != nil {
		return n, unreadable(group, name+"/ipv4_address", text, "an IPv4 address")
	}
	return n, nil
}

func readBool(d *dir, name string) (bool, error) {
	n, err := readInt(d, name)
	return n != 0, err
}

func readInt(d *dir, name string) (int, error) {
	text, err := d.read(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, unreadable(d, name, text, "a number")
	}
	return n, nil
}

// unreadable is the error for a value that this package does not understand.
func unreadable(d *dir, name, value, expected string) error {
	e := newError("read", d.path+"/"+name, "", unix.EBADMSG)
	e.Reason = fmt.Sprintf("%q is not %s", value, expected)
	return e
}
