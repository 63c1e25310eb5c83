// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Kind says what a step does.
type Kind string

// The kinds of steps. Each is one operation of [Kernel].
const (
	CreateCluster Kind = "create-cluster"
	RemoveCluster Kind = "remove-cluster"
	SetMode       Kind = "set-mode"
	AddNode       Kind = "add-node"
	RemoveNode    Kind = "remove-node"
)

// Label says when a step can be taken.
type Label string

// The two labels. The kernel takes a Live step while the cluster works; a
// NeedsOffline step it refuses, or ignores, until no heartbeat runs.
const (
	Live         Label = "live"
	NeedsOffline Label = "needs-offline"
)

// Step is one change of the kernel's cluster. It can be stored as JSON and
// carries all that its undo needs.
type Step struct {
	Kind    Kind                  `json:"kind"`
	Label   Label                 `json:"label"`
	Cluster string                `json:"cluster"`
	Node    *cluster.Node         `json:"node,omitempty"` // AddNode: as it will be; RemoveNode: as it was
	Mode    cluster.HeartbeatMode `json:"mode,omitempty"` // SetMode: as it will be
	Was     cluster.HeartbeatMode `json:"was,omitempty"`  // SetMode: as it was; empty in a cluster that the plan creates
}

// String returns the step as a sentence without a full stop.
func (s Step) String() string {
	switch s.Kind {
	case CreateCluster:
		return "create cluster " + s.Cluster
	case RemoveCluster:
		return "remove cluster " + s.Cluster
	case SetMode:
		return fmt.Sprintf("set the heartbeat mode of cluster %s to %s", s.Cluster, s.Mode)
	case AddNode:
		return "add " + nodeText(s.Node)
	case RemoveNode:
		return "remove " + nodeText(s.Node)
	}
	return string(s.Kind)
}

func nodeText(n *cluster.Node) string {
	text := fmt.Sprintf("node %s, number %d, %s port %d", n.Name, n.Number, n.Address, n.Port)
	if n.Local {
		text += ", the local node"
	}
	return text
}

// Undo returns the step that takes s back, and false when there is nothing to
// take back: the mode of a cluster that goes away with it, and a node whose
// registration had been cut short, which the kernel would not take again.
func (s Step) Undo() (Step, bool) {
	undo := s
	switch s.Kind {
	case CreateCluster:
		undo.Kind = RemoveCluster
	case RemoveCluster:
		undo.Kind = CreateCluster
	case SetMode:
		undo.Mode, undo.Was = s.Was, s.Mode
		return undo, s.Was != ""
	case AddNode:
		undo.Kind = RemoveNode
	case RemoveNode:
		undo.Kind = AddNode
		return undo, whole(*s.Node)
	}
	return undo, true
}

// whole tells whether the kernel knows everything about a node: a registration
// that was killed leaves port 0 or address 0.0.0.0.
func whole(n cluster.Node) bool {
	return n.Port != 0 && n.Address.IsValid() && !n.Address.IsUnspecified()
}

// do takes the step.
func (s Step) do(k Kernel) error {
	switch s.Kind {
	case CreateCluster:
		return k.CreateCluster(s.Cluster)
	case RemoveCluster:
		return k.RemoveCluster(s.Cluster)
	case SetMode:
		return k.SetHeartbeatMode(s.Cluster, s.Mode)
	case AddNode:
		return k.AddNode(s.Cluster, *s.Node)
	case RemoveNode:
		return k.RemoveNode(s.Cluster, s.Node.Name)
	}
	return fmt.Errorf("step of unknown kind %q", s.Kind)
}
