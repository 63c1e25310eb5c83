// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"errors"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// memory is the node manager in memory. It keeps the rules that the tables of
// refusals check on a real kernel: one cluster; unique names, numbers and
// addresses; numbers and ports in range; one local node; no removal of a cluster
// with nodes; no change of mode, nor removal of the local node, with a region.
type memory struct {
	cluster *cluster.Cluster
	fail    int // the operation that fails, counted from 0; -1 for none
	done    int // operations so far
}

var errInjected = errors.New("injected")

// operation counts a change and fails it when its turn has come.
func (m *memory) operation() error {
	m.done++
	if m.done-1 == m.fail {
		return errInjected
	}
	return nil
}

func (m *memory) Clusters() ([]string, error) {
	if m.cluster == nil {
		return nil, nil
	}
	return []string{m.cluster.Name}, nil
}

func (m *memory) Cluster(name string) (*cluster.Cluster, error) {
	if m.cluster == nil || m.cluster.Name != name {
		return nil, unix.ENOENT
	}
	return copyOf(m.cluster), nil
}

func copyOf(c *cluster.Cluster) *cluster.Cluster {
	if c == nil {
		return nil
	}
	same := *c
	same.Nodes = slices.Clone(c.Nodes)
	same.Regions = slices.Clone(c.Regions)
	slices.SortFunc(same.Nodes, func(a, b cluster.Node) int { return a.Number - b.Number })
	return &same
}

func (m *memory) CreateCluster(name string) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster != nil {
		if m.cluster.Name == name {
			return unix.EEXIST
		}
		return unix.ENOSPC
	}
	m.cluster = &cluster.Cluster{Name: name, HeartbeatMode: cluster.LocalHeartbeat}
	return nil
}

func (m *memory) RemoveCluster(name string) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	if len(m.cluster.Nodes)+len(m.cluster.Regions) > 0 {
		return unix.ENOTEMPTY
	}
	m.cluster = nil
	return nil
}

func (m *memory) SetHeartbeatMode(name string, mode cluster.HeartbeatMode) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	if mode != cluster.LocalHeartbeat && mode != cluster.GlobalHeartbeat {
		return unix.EINVAL
	}
	if len(m.cluster.Regions) == 0 {
		m.cluster.HeartbeatMode = mode
	}
	return nil
}

func (m *memory) AddNode(name string, n cluster.Node) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	if n.Port < cluster.MinPort || n.Port > cluster.MaxPort || !n.Address.Is4() {
		return unix.EINVAL
	}
	if n.Number < 0 || n.Number > cluster.MaxNodeNumber {
		return unix.ERANGE
	}
	for _, other := range m.cluster.Nodes {
		if other.Name == n.Name || other.Number == n.Number || other.Address == n.Address {
			return unix.EEXIST
		}
		if other.Local && n.Local {
			return unix.EBUSY
		}
	}
	m.cluster.Nodes = append(m.cluster.Nodes, n)
	return nil
}

func (m *memory) RemoveNode(name, node string) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name || m.cluster.Node(node) == nil {
		return unix.ENOENT
	}
	if m.cluster.Node(node).Local && len(m.cluster.Regions) > 0 {
		return unix.EBUSY
	}
	m.cluster.Nodes = slices.DeleteFunc(m.cluster.Nodes, func(n cluster.Node) bool { return n.Name == node })
	return nil
}
