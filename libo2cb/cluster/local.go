// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"strings"
)

// Why no node is known to be the local one. A *LocalNodeError wraps them.
var (
	// ErrNoLocalNode is that no node's name matches the host name.
	ErrNoLocalNode = errors.New("no node of the cluster matches this machine's host name")
	// ErrTwoLocalNodes is that several match.
	ErrTwoLocalNodes = errors.New("several nodes of the cluster match this machine's host name")
)

// LocalNodeError says why the local node of a cluster is not known. It wraps
// ErrNoLocalNode or ErrTwoLocalNodes.
type LocalNodeError struct {
	Cluster  string
	Hostname string
	Nodes    []string // that match; all of the cluster when none does
	Err      error
}

// Error returns one line that names the host and the nodes and ends with what to do.
func (e *LocalNodeError) Error() string {
	const most = 10
	names := make([]string, 0, most+1)
	for i, n := range e.Nodes {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(e.Nodes)-most))
			break
		}
		names = append(names, fmt.Sprintf("%q", shorten(n)))
	}
	if len(names) == 0 {
		names = append(names, "none")
	}
	return fmt.Sprintf("cluster %q: %v, %q (nodes: %s): name the local one with --local-node NODE or O2CB_NODE=NODE",
		shorten(e.Cluster), e.Err, shorten(e.Hostname), strings.Join(names, ", "))
}

// Unwrap returns ErrNoLocalNode or ErrTwoLocalNodes.
func (e *LocalNodeError) Unwrap() error { return e.Err }

// LocalNode returns the node that a machine of the given host name is. The
// pointer is into c.Nodes. It fails with a *LocalNodeError when no node or more
// than one matches.
//
// The rule is the C tools': the host name starts with the node's name, in
// whatever case, and goes on with a '.' or not at all. So node7 matches the
// host node7.example.com.
func (c *Cluster) LocalNode(hostname string) (*Node, error) {
	var local *Node
	var matching []string
	for i := range c.Nodes {
		if matchesHost(c.Nodes[i].Name, hostname) {
			local = &c.Nodes[i]
			matching = append(matching, local.Name)
		}
	}
	switch len(matching) {
	case 1:
		return local, nil
	case 0:
		all := make([]string, 0, len(c.Nodes))
		for _, n := range c.Nodes {
			all = append(all, n.Name)
		}
		return nil, &LocalNodeError{Cluster: c.Name, Hostname: hostname, Nodes: all, Err: ErrNoLocalNode}
	}
	return nil, &LocalNodeError{Cluster: c.Name, Hostname: hostname, Nodes: matching, Err: ErrTwoLocalNodes}
}

func matchesHost(node, hostname string) bool {
	if node == "" || len(hostname) < len(node) || !equalFoldASCII(hostname[:len(node)], node) {
		return false
	}
	return len(hostname) == len(node) || hostname[len(node)] == '.'
}

// equalFoldASCII compares as strcasecmp(3) does in the C locale.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
