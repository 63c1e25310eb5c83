// SPDX-License-Identifier: Apache-2.0

package cluster

import "net/netip"

// Cluster is one O2CB cluster: its members and its heartbeat.
//
// The zero value is a nameless cluster without nodes; it breaks several rules.
type Cluster struct {
	Name          string        `json:"name"`
	HeartbeatMode HeartbeatMode `json:"heartbeat_mode"` // LocalHeartbeat when empty
	Nodes         []Node        `json:"nodes"`          // in the order of the file; from the kernel by number
	Regions       []Region      `json:"regions"`        // global heartbeat's in a file; all the running ones in the kernel
	// Timing is not in the file but in the settings of the init script.
	Timing Timing `json:"timing,omitzero"`
}

// Node is one member.
type Node struct {
	Name    string     `json:"name"`
	Number  int        `json:"number"`  // 0..MaxNodeNumber, unique in the cluster
	Address netip.Addr `json:"address"` // IPv4, unique in the cluster
	Port    int        `json:"port"`    // TCP, MinPort..MaxPort

	// Local marks the node of this very machine. A file does not say it (the
	// host name does, see Cluster.LocalNode); the kernel's attribute "local" does.
	Local bool `json:"local"`
}

// Region is one heartbeat region: an area of a shared disk in which every node
// owns a block that it writes every two seconds.
type Region struct {
	// Name is the volume's UUID, 32 upper-case hexadecimal digits.
	Name string `json:"name"`
	// Device is the kernel's short name of the block device ("sda1"); known only of a running region.
	Device string `json:"device,omitempty"`
}

// HeartbeatMode says where nodes show that they are alive.
type HeartbeatMode string

// The two modes of the attribute heartbeat_mode. With LocalHeartbeat every
// mounted volume carries its own region; with GlobalHeartbeat the regions of
// the cluster are started before any mount and serve all volumes.
//
// o2hb_heartbeat_mode_desc in fs/ocfs2/cluster/heartbeat.c.
const (
	LocalHeartbeat  HeartbeatMode = "local"
	GlobalHeartbeat HeartbeatMode = "global"
)

// Mode returns the heartbeat mode with the default filled in.
func (c *Cluster) Mode() HeartbeatMode {
	if c.HeartbeatMode == "" {
		return LocalHeartbeat
	}
	return c.HeartbeatMode
}

// Node returns the node called name, or nil. The pointer is into c.Nodes.
func (c *Cluster) Node(name string) *Node {
	for i := range c.Nodes {
		if c.Nodes[i].Name == name {
			return &c.Nodes[i]
		}
	}
	return nil
}
