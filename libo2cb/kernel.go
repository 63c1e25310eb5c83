// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"golang.org/x/sys/unix"
)

// kernelWithRegions is configfs and, for the regions, whoever keeps them: what a
// plan is applied to. Close it.
type kernelWithRegions struct {
	*configfs.FS
	manager *Manager
	nodes   *configfs.Nodes // of the cluster called of, while nodes are added to it
	of      string
}

var _ plan.Kernel = (*kernelWithRegions)(nil)

// Close ends a series of additions.
func (k *kernelWithRegions) Close() {
	if k.nodes != nil {
		k.nodes.Close()
		k.nodes = nil
	}
}

// AddNode registers a node. Many in a row cost little more than the kernel's part.
func (k *kernelWithRegions) AddNode(clusterName string, n cluster.Node) error {
	if k.nodes == nil || k.of != clusterName {
		k.Close()
		nodes, err := k.FS.Nodes(clusterName)
		if err != nil {
			return err
		}
		k.nodes, k.of = nodes, clusterName
	}
	return k.nodes.Add(n)
}

// RemoveNode takes a node out of the cluster.
func (k *kernelWithRegions) RemoveNode(clusterName, node string) error {
	k.Close()
	return k.FS.RemoveNode(clusterName, node)
}

// RemoveCluster removes a cluster that has neither nodes nor regions.
func (k *kernelWithRegions) RemoveCluster(name string) error {
	k.Close()
	return k.FS.RemoveCluster(name)
}

// StartRegions starts the regions of the volumes with these UUIDs side by side.
func (k *kernelWithRegions) StartRegions(ctx context.Context, clusterName string, names []string) error {
	return k.manager.startRegions(ctx, k.FS, clusterName, names)
}

// StopRegions stops regions, whose users have to be gone.
func (k *kernelWithRegions) StopRegions(ctx context.Context, clusterName string, names []string) error {
	return k.manager.stopRegions(ctx, k.FS, clusterName, names)
}

// readCluster returns the kernel's cluster with its timing, nil when there is
// none or no node manager that could have one.
func readCluster(kernel plan.Reader) (*cluster.Cluster, error) {
	c, err := plan.Read(kernel)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return c, err
}

// running returns the kernel's configfs and its cluster; nil and nil where there
// is no configfs.
func (m *Manager) running() (*configfs.FS, *cluster.Cluster, error) {
	kernel, err := m.kernel()
	if absent(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	have, err := readCluster(kernel)
	return kernel, have, err
}
