// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// Registered returns the kernel's cluster, nil when it has none or is no cluster
// node at all. It changes and loads nothing, and needs no privilege.
func (m *Manager) Registered() (*cluster.Cluster, error) {
	_, have, err := m.running()
	if err != nil {
		return nil, fmt.Errorf("read the kernel's cluster: %w", err)
	}
	return have, nil
}

// CreateCluster makes an empty cluster in the kernel, loading the stack first,
// and then calls commit, which keeps the change elsewhere. When commit fails the
// cluster is removed again, and the error is commit's. It returns the steps
// taken; none when the cluster is there already, which only calls commit. Needs
// root.
//
// Another cluster in the kernel is a [*plan.OtherClusterError].
func (m *Manager) CreateCluster(ctx context.Context, name string, commit func() error) ([]plan.Step, error) {
	if _, err := m.Load(ctx); err != nil {
		return nil, fmt.Errorf("create cluster %s: %w", name, err)
	}
	steps, err := m.change(ctx, "create cluster "+name, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have != nil && have.Name == name {
			return have, nil
		}
		return &cluster.Cluster{Name: name}, nil
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("create cluster %s: %w", name, err)
	}
	return steps, nil
}

// AddNode adds one node to the kernel's cluster called of and then calls commit,
// as CreateCluster does. A node that is there in every detail is left alone. The
// node is the local one when the host name, or [Options].LocalNode, says so; its
// address must then be one of this host ([*LocalAddressError]). Needs root.
//
// The error is a [*NotOnlineError] when the kernel has not that cluster, and an
// [*plan.ApplyError] when the kernel refuses the node.
func (m *Manager) AddNode(ctx context.Context, of string, n cluster.Node, commit func() error) ([]plan.Step, error) {
	steps, err := m.change(ctx, "add node "+n.Name, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have == nil || have.Name != of {
			return nil, notOnline(of, have)
		}
		marked, err := m.markIfLocal(n)
		if err != nil || slices.Contains(have.Nodes, marked) {
			return have, err
		}
		want := *have
		want.Nodes = append(slices.Clone(have.Nodes), marked)
		return &want, nil
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("add node %s: %w", n.Name, err)
	}
	return steps, nil
}

// RemoveNode removes one node from the kernel's cluster called of and then calls
// commit, as CreateCluster does. Where the kernel has not that node, or not that
// cluster, there is nothing to remove. The kernel refuses a node that is alive
// and in use, with EBUSY. Needs root.
func (m *Manager) RemoveNode(ctx context.Context, of, node string, commit func() error) ([]plan.Step, error) {
	steps, err := m.change(ctx, "remove node "+node, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have == nil || have.Name != of || have.Node(node) == nil {
			return have, nil
		}
		want := *have
		want.Nodes = slices.DeleteFunc(slices.Clone(have.Nodes), func(n cluster.Node) bool { return n.Name == node })
		return &want, nil
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("remove node %s: %w", node, err)
	}
	return steps, nil
}

// RemoveCluster removes the cluster called name from the kernel and then calls
// commit, as CreateCluster does. Where the kernel has not that cluster there is
// nothing to remove. Whoever uses it is in the way, and what idles is left, as in
// [Manager.Offline]. Needs root.
func (m *Manager) RemoveCluster(ctx context.Context, name string, commit func() error) ([]plan.Step, error) {
	steps, err := m.change(ctx, "remove cluster "+name, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have == nil || have.Name != name {
			return have, nil
		}
		idle, err := m.checkUsers(ctx, have)
		if err != nil {
			return nil, err
		}
		_, err = m.leave(idle)
		return nil, err
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("remove cluster %s: %w", name, err)
	}
	return steps, nil
}

func notOnline(name string, have *cluster.Cluster) error {
	e := &NotOnlineError{Name: name}
	if have != nil {
		e.Online = have.Name
	}
	return e
}

// markIfLocal returns n, marked when it is the node of this machine.
func (m *Manager) markIfLocal(n cluster.Node) (cluster.Node, error) {
	n.Local = false
	marked, err := m.markLocal(&cluster.Cluster{Nodes: []cluster.Node{n}})
	var unknown *UnknownNodeError
	if errors.Is(err, cluster.ErrNoLocalNode) || errors.As(err, &unknown) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	return marked.Nodes[0], nil
}
