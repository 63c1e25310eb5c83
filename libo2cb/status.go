// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Status is what runs. Its JSON form is stable: fields are added, not renamed.
type Status struct {
	// Online has the meaning of "o2cb cluster-status": a local node is registered
	// and, in global mode, at least one heartbeat region is there.
	Online  bool           `json:"online"`
	Stack   stack.State    `json:"stack"`
	Cluster *ClusterStatus `json:"cluster"` // null without a cluster in the kernel
	Domains []Domain       `json:"domains"` // with the holders that this process may see
	// DomainsChange says that a process is joining or leaving a lock domain, while
	// which the kernel does not list them: Domains is empty then.
	DomainsChange bool          `json:"domains_change"`
	Mounts        []stack.Mount `json:"mounts"` // OCFS2 volumes
	// Interrupted is an operation that was cut short; null without one.
	Interrupted *plan.Interrupted `json:"interrupted"`
	// Peers is what [Manager.Peers] returned; null when it was not asked.
	Peers *PeerReport `json:"peers"`
}

// ClusterStatus is the kernel's cluster.
type ClusterStatus struct {
	Name          string                `json:"name"`
	HeartbeatMode cluster.HeartbeatMode `json:"heartbeat_mode"`
	Timing        Timing                `json:"timing"`
	Nodes         []NodeStatus          `json:"nodes"` // by number
	Regions       []RegionStatus        `json:"regions"`
}

// Timing is how patient the cluster is; see [cluster.Timing].
type Timing struct {
	IdleTimeoutMS    int64  `json:"idle_timeout_ms"`
	KeepaliveDelayMS int64  `json:"keepalive_delay_ms"`
	ReconnectDelayMS int64  `json:"reconnect_delay_ms"`
	DeadThreshold    int    `json:"dead_threshold"`
	DeadTimeS        int    `json:"dead_time_s"` // of silence until a node is dead
	FenceMethod      string `json:"fence_method,omitempty"`
}

// NodeStatus is one registered node.
type NodeStatus struct {
	Name    string     `json:"name"`
	Number  int        `json:"number"`
	Address netip.Addr `json:"address"`
	Port    int        `json:"port"`
	Local   bool       `json:"local"`
	// Live and Connected need debugfs and root: null when that is not to be had.
	// Connected is null for the local node.
	Live      *bool `json:"live"`
	Connected *bool `json:"connected"`
}

// RegionStatus is one heartbeat region.
type RegionStatus struct {
	Name   string `json:"name"`
	Device string `json:"device,omitempty"` // the kernel's short name; empty while it is not started
	PID    int    `json:"pid,omitempty"`    // the kernel's heartbeat thread
	// Beating are the numbers of the nodes that beat there; null when it is not
	// known: from debugfs, or whoever reads the disk fills it in.
	Beating []int `json:"beating"`
}

// Status returns what runs. It changes and loads nothing, and works without
// privilege and on a machine without any of it. It waits for nobody longer than a
// second: then a join or leave of a lock domain is under way, and a goroutine that
// waits in the kernel for its end is left behind.
func (m *Manager) Status(ctx context.Context) (Status, error) {
	st, err := m.status(ctx)
	if err != nil {
		return st, fmt.Errorf("status: %w", err)
	}
	return st, nil
}

func (m *Manager) status(ctx context.Context) (Status, error) {
	st := Status{Domains: []Domain{}, Mounts: []stack.Mount{}}
	var err error
	if st.Stack, err = m.stack.State(); err != nil {
		return st, err
	}
	mounts, err := m.stack.Mounts("ocfs2")
	if err != nil {
		return st, err
	}
	st.Mounts = append(st.Mounts, mounts...)
	domains, err := m.domains(ctx)
	st.DomainsChange = errors.Is(err, ErrDomainsChange)
	if err != nil && !st.DomainsChange {
		return st, err
	}
	st.Domains = append(st.Domains, domains...)
	if st.Interrupted, err = m.Interrupted(); err != nil {
		return st, err
	}
	if st.Stack.ConfigFS == "" {
		return st, nil
	}
	kernel := configfs.New(st.Stack.ConfigFS)
	have, err := readCluster(kernel)
	if err != nil || have == nil {
		return st, err
	}
	st.Online = isOnline(have)
	st.Cluster, err = m.clusterStatus(kernel, have, st.Stack.DebugFS)
	return st, err
}

func isOnline(c *cluster.Cluster) bool {
	return localName(c) != "" && (c.Mode() == cluster.LocalHeartbeat || len(c.Regions) > 0)
}

func (m *Manager) clusterStatus(kernel *configfs.FS, have *cluster.Cluster, debugfs string) (*ClusterStatus, error) {
	timing, err := kernel.Timing(have.Name)
	if err != nil {
		return nil, err
	}
	st := &ClusterStatus{Name: have.Name, HeartbeatMode: have.Mode(), Timing: timingStatus(timing),
		Nodes: []NodeStatus{}, Regions: []RegionStatus{}}
	live := readNodeList(debugfs, "o2hb/livenodes")
	connected := readNodeList(debugfs, "o2net/connected_nodes")
	for _, n := range have.Nodes {
		node := NodeStatus{Name: n.Name, Number: n.Number, Address: n.Address, Port: n.Port, Local: n.Local, Live: contains(live, n.Number)}
		if !n.Local {
			node.Connected = contains(connected, n.Number)
		}
		st.Nodes = append(st.Nodes, node)
	}
	for _, r := range have.Regions {
		pid, err := kernel.RegionPID(have.Name, r.Name)
		if err != nil {
			return nil, err
		}
		st.Regions = append(st.Regions, RegionStatus{Name: r.Name, Device: r.Device, PID: pid,
			Beating: readNodeList(debugfs, "o2hb/"+r.Name+"/livenodes")})
	}
	return st, nil
}

func timingStatus(t cluster.Timing) Timing {
	return Timing{
		IdleTimeoutMS:    t.IdleTimeout.Milliseconds(),
		KeepaliveDelayMS: t.KeepaliveDelay.Milliseconds(),
		ReconnectDelayMS: t.ReconnectDelay.Milliseconds(),
		DeadThreshold:    t.DeadThreshold,
		DeadTimeS:        int(t.DeadTime().Seconds()),
		FenceMethod:      t.FenceMethod,
	}
}
