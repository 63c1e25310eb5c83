// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"golang.org/x/sys/unix"
)

// memory is the node manager in memory. It keeps the rules that the tables of
// refusals check on a real kernel: one cluster; unique names, numbers and
// addresses; numbers and ports in range; one local node; no removal of a cluster
// with nodes; no change of mode or dead threshold, nor removal of the local node,
// with a region; no region without a local node; and a new cluster has the
// kernel's timing.
type memory struct {
	cluster *cluster.Cluster
	fail    int // the operation that fails, counted from 0; -1 for none
	done    int // operations so far
}

// defaults are the kernel's.
var defaults = cluster.Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 2 * time.Second,
	DeadThreshold: 31, FenceMethod: "reset"}

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

func (m *memory) Outline(name string) (*cluster.Cluster, error) {
	c, err := m.Cluster(name)
	if err != nil {
		return nil, err
	}
	for i, n := range c.Nodes {
		c.Nodes[i] = cluster.Node{Name: n.Name}
	}
	return c, nil
}

func (m *memory) Timing(name string) (cluster.Timing, error) {
	if m.cluster == nil || m.cluster.Name != name {
		return cluster.Timing{}, unix.ENOENT
	}
	return m.cluster.Timing, nil
}

func copyOf(c *cluster.Cluster) *cluster.Cluster {
	if c == nil {
		return nil
	}
	same := *c
	same.Nodes = slices.Clone(c.Nodes)
	same.Regions = slices.Clone(c.Regions)
	slices.SortFunc(same.Nodes, func(a, b cluster.Node) int { return a.Number - b.Number })
	slices.SortFunc(same.Regions, func(a, b cluster.Region) int { return strings.Compare(a.Name, b.Name) })
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
	m.cluster = &cluster.Cluster{Name: name, HeartbeatMode: cluster.LocalHeartbeat, Timing: defaults}
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

func (m *memory) SetTiming(name string, t cluster.Timing) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	if t.DeadThreshold != 0 && len(m.cluster.Regions) > 0 {
		return configfs.ErrIgnored
	}
	m.cluster.Timing = t.Or(m.cluster.Timing)
	return nil
}

func (m *memory) StartRegions(_ context.Context, name string, regions []string) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	if !slices.ContainsFunc(m.cluster.Nodes, func(n cluster.Node) bool { return n.Local }) {
		return unix.EINVAL
	}
	for _, r := range regions {
		m.cluster.Regions = append(m.cluster.Regions, cluster.Region{Name: r, Device: "sda"})
	}
	return nil
}

func (m *memory) StopRegions(_ context.Context, name string, regions []string) error {
	if err := m.operation(); err != nil {
		return err
	}
	if m.cluster == nil || m.cluster.Name != name {
		return unix.ENOENT
	}
	m.cluster.Regions = slices.DeleteFunc(m.cluster.Regions, func(r cluster.Region) bool { return slices.Contains(regions, r.Name) })
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
