// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// UnknownClusterError says that a configuration has no cluster of the wanted
// name, or, without a name, not exactly one.
type UnknownClusterError struct {
	Config string   // the file
	Name   string   // what was asked for; may be empty
	Known  []string // the clusters of the file
}

// Error returns one line with what to do.
func (e *UnknownClusterError) Error() string {
	switch {
	case len(e.Known) == 0:
		return fmt.Sprintf("%s has no cluster; write a cluster stanza into it", e.Config)
	case e.Name == "":
		return fmt.Sprintf("%s has several clusters, name one of them: %s", e.Config, strings.Join(e.Known, ", "))
	}
	return fmt.Sprintf("%s has no cluster %q, only %s", e.Config, e.Name, strings.Join(e.Known, ", "))
}

// UnknownNodeError says that the node that was named as the local one is not in
// the configuration.
type UnknownNodeError struct {
	Cluster string
	Name    string
	Known   []string // the nodes of the cluster
}

// Error returns one line with the nodes there are.
func (e *UnknownNodeError) Error() string {
	return fmt.Sprintf("cluster %s has no node %q to be the local one, only %s", e.Cluster, e.Name, strings.Join(e.Known, ", "))
}

// LocalAddressError says that the local node's address is not one of this host.
type LocalAddressError struct {
	Node  cluster.Node
	Hosts []netip.Prefix // what this host has
}

// Error returns one line with the addresses that the host has.
func (e *LocalAddressError) Error() string {
	have := make([]string, len(e.Hosts))
	for i, p := range e.Hosts {
		have[i] = p.Addr().String()
	}
	if len(have) == 0 {
		have = []string{"no address"}
	}
	return fmt.Sprintf("node %s is this machine, and its address %s is not: this host has %s; correct ip_address, or name another node with --local-node",
		e.Node.Name, e.Node.Address, strings.Join(have, ", "))
}

// wanted reads the configuration and returns the cluster called name, without a name
// the one to start at boot or the only one, with its local node marked, and the findings that do not keep it
// from going online; those that do are in the error.
func (m *Manager) wanted(name string) (*cluster.Cluster, conf.Findings, error) {
	file, findings, err := conf.Load(m.config)
	if err != nil {
		return nil, nil, err
	}
	refused := findings.Err
	if m.permissive {
		refused = findings.ErrPermissive
	}
	if err := refused(); err != nil {
		return nil, findings.Warnings(), err
	}
	set, err := m.forO2CB()
	if err != nil {
		return nil, findings, err
	}
	if name == "" && file.Cluster(set.BootCluster) != nil {
		name = set.BootCluster
	}
	c, err := choose(m.config, file.Clusters(), name)
	if err != nil {
		return nil, findings, err
	}
	c, err = m.markLocal(c)
	if err != nil {
		return nil, findings, err
	}
	return c, findings, nil
}

func choose(config string, clusters []*cluster.Cluster, name string) (*cluster.Cluster, error) {
	if name == "" && len(clusters) == 1 {
		return clusters[0], nil
	}
	e := &UnknownClusterError{Config: config, Name: name}
	for _, c := range clusters {
		if name != "" && c.Name == name {
			return c, nil
		}
		e.Known = append(e.Known, c.Name)
	}
	return nil, e
}

// markLocal returns a copy of c whose local node is marked, once the node is known and its address is one of this host.
func (m *Manager) markLocal(c *cluster.Cluster) (*cluster.Cluster, error) {
	local, err := m.local(c)
	if err != nil {
		return nil, err
	}
	hosts, err := m.addresses()
	if err != nil {
		return nil, fmt.Errorf("read the addresses of this host: %w", err)
	}
	if !onHost(hosts, local.Address) {
		return nil, &LocalAddressError{Node: *local, Hosts: hosts}
	}
	marked := *c
	marked.Nodes = slices.Clone(c.Nodes)
	marked.Node(local.Name).Local = true
	return &marked, nil
}

// local returns the node that this machine is: the one that is named, by the options
// or by the settings, or the one that the host name says.
func (m *Manager) local(c *cluster.Cluster) (*cluster.Node, error) {
	named := m.localNode
	if named == "" {
		set, _, _, err := m.Settings()
		if err != nil {
			return nil, err
		}
		named = set.Node
	}
	if named == "" {
		hostname, err := m.hostname()
		if err != nil {
			return nil, fmt.Errorf("read the host name: %w", err)
		}
		return c.LocalNode(hostname)
	}
	if n := c.Node(named); n != nil {
		return n, nil
	}
	e := &UnknownNodeError{Cluster: c.Name, Name: named}
	for _, n := range c.Nodes {
		e.Known = append(e.Known, n.Name)
	}
	if len(e.Known) == 0 {
		return nil, fmt.Errorf("%w: %w", e, cluster.ErrNoLocalNode)
	}
	return nil, e
}

// onHost tells whether a socket can be bound to a: a loopback interface answers
// to its whole network, any other to its address.
func onHost(hosts []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(hosts, func(p netip.Prefix) bool {
		return p.Addr() == a || p.Addr().IsLoopback() && p.Contains(a)
	})
}
