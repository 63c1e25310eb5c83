// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Kind says what a step does.
type Kind string

// The kinds of steps. Each is one operation of [Kernel].
const (
	CreateCluster Kind = "create-cluster"
	RemoveCluster Kind = "remove-cluster"
	SetMode       Kind = "set-mode"
	SetTiming     Kind = "set-timing"
	AddNode       Kind = "add-node"
	RemoveNode    Kind = "remove-node"
	StartRegions  Kind = "start-regions"
	StopRegions   Kind = "stop-regions"
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
	Kind    Kind   `json:"kind"`
	Label   Label  `json:"label"`
	Cluster string `json:"cluster"`
	// AddNode: as it will be; RemoveNode: as it was.
	Node *cluster.Node `json:"node,omitempty"`
	// SetMode: as it will be, and as it was; the latter is empty in a cluster that
	// the plan creates. RemoveCluster, and CreateCluster as its undo: the cluster's.
	Mode cluster.HeartbeatMode `json:"mode,omitempty"`
	Was  cluster.HeartbeatMode `json:"was,omitempty"`
	// SetTiming: the settings that change, as they will be, and as they were; the
	// latter is zero in a cluster that the plan creates. RemoveCluster, and
	// CreateCluster as its undo: the cluster's.
	Timing    cluster.Timing `json:"timing,omitzero"`
	WasTiming cluster.Timing `json:"was_timing,omitzero"`
	// StartRegions, StopRegions: their names.
	Regions []string `json:"regions,omitempty"`
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
	case SetTiming:
		return "set " + timingText(s.Timing, s.WasTiming)
	case AddNode:
		return "add " + nodeText(s.Node)
	case RemoveNode:
		return "remove " + nodeText(s.Node)
	case StartRegions:
		return "start heartbeat " + regionsText(s.Regions)
	case StopRegions:
		return "stop heartbeat " + regionsText(s.Regions)
	}
	return string(s.Kind)
}

func timingText(t, was cluster.Timing) string {
	var parts []string
	for _, setting := range cluster.TimingSettings() {
		to, from := t.Get(setting), was.Get(setting)
		switch {
		case to == "":
		case from == "":
			parts = append(parts, fmt.Sprintf("%s to %s", setting, to))
		default:
			parts = append(parts, fmt.Sprintf("%s to %s (from %s)", setting, to, from))
		}
	}
	return strings.Join(parts, ", ")
}

func regionsText(names []string) string {
	if len(names) == 1 {
		return "region " + names[0]
	}
	return "regions " + strings.Join(names, ", ")
}

func nodeText(n *cluster.Node) string {
	if *n == (cluster.Node{Name: n.Name}) {
		return "node " + n.Name
	}
	text := fmt.Sprintf("node %s, number %d, %s port %d", n.Name, n.Number, n.Address, n.Port)
	if n.Local {
		text += ", the local node"
	}
	return text
}

// Undo returns the step that takes s back, and false when there is nothing to
// take back: what was set in a cluster that goes away with it, and a node whose
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
	case SetTiming:
		undo.Timing, undo.WasTiming = s.WasTiming, s.Timing
		return undo, s.WasTiming != cluster.Timing{}
	case AddNode:
		undo.Kind = RemoveNode
	case RemoveNode:
		undo.Kind = AddNode
		return undo, whole(*s.Node)
	case StartRegions:
		undo.Kind = StopRegions
	case StopRegions:
		undo.Kind = StartRegions
	}
	return undo, true
}

// whole tells whether the kernel knows everything about a node: a registration
// that was killed leaves port 0 or address 0.0.0.0.
func whole(n cluster.Node) bool {
	return n.Port != 0 && n.Address.IsValid() && !n.Address.IsUnspecified()
}

// do takes the step.
func (s Step) do(ctx context.Context, k Kernel) error {
	switch s.Kind {
	case CreateCluster:
		return s.create(k)
	case RemoveCluster:
		return k.RemoveCluster(s.Cluster)
	case SetMode:
		return k.SetHeartbeatMode(s.Cluster, s.Mode)
	case SetTiming:
		return k.SetTiming(s.Cluster, s.Timing)
	case AddNode:
		return k.AddNode(s.Cluster, *s.Node)
	case RemoveNode:
		return k.RemoveNode(s.Cluster, s.Node.Name)
	case StartRegions:
		return k.StartRegions(ctx, s.Cluster, s.Regions)
	case StopRegions:
		return k.StopRegions(ctx, s.Cluster, s.Regions)
	}
	return fmt.Errorf("step of unknown kind %q", s.Kind)
}

// rest returns what of the step is still to be done in a kernel that has is, read
// by outline; the zero step when that is nothing.
func (s Step) rest(is *cluster.Cluster) Step {
	there := is != nil && is.Name == s.Cluster
	done := false
	switch s.Kind {
	case CreateCluster:
		done = there
	case RemoveCluster, SetMode, SetTiming, StopRegions:
		done = !there
	case AddNode:
		done = !there || is.Node(s.Node.Name) != nil
	case RemoveNode:
		done = !there || is.Node(s.Node.Name) == nil
	case StartRegions:
		done = !there
	}
	if there && (s.Kind == StartRegions || s.Kind == StopRegions) {
		running := regionNames(is)
		s.Regions = slices.DeleteFunc(slices.Clone(s.Regions), func(name string) bool {
			return slices.Contains(running, name) == (s.Kind == StartRegions)
		})
		done = len(s.Regions) == 0
	}
	if done {
		return Step{}
	}
	return s
}

// alter returns what c becomes by the step; c, nil for no cluster, stays.
func (s Step) alter(c *cluster.Cluster) *cluster.Cluster {
	switch s.Kind {
	case CreateCluster:
		return &cluster.Cluster{Name: s.Cluster, HeartbeatMode: s.Mode, Timing: s.Timing}
	case RemoveCluster:
		return nil
	}
	to := *c
	switch s.Kind {
	case SetMode:
		to.HeartbeatMode = s.Mode
	case SetTiming:
		to.Timing = s.Timing.Or(c.Timing)
	case AddNode:
		to.Nodes = append(slices.Clone(c.Nodes), *s.Node)
	case RemoveNode:
		to.Nodes = slices.DeleteFunc(slices.Clone(c.Nodes), func(n cluster.Node) bool { return n.Name == s.Node.Name })
	case StartRegions:
		to.Regions = slices.Clone(c.Regions)
		for _, name := range s.Regions {
			to.Regions = append(to.Regions, cluster.Region{Name: name})
		}
	case StopRegions:
		to.Regions = slices.DeleteFunc(slices.Clone(c.Regions), func(r cluster.Region) bool { return slices.Contains(s.Regions, r.Name) })
	}
	return &to
}

// create creates a cluster, with mode and timing if it brings a removed one back.
func (s Step) create(k Kernel) error {
	if err := k.CreateCluster(s.Cluster); err != nil {
		return err
	}
	var err error
	if s.Mode != "" {
		err = k.SetHeartbeatMode(s.Cluster, s.Mode)
	}
	if err == nil && s.Timing != (cluster.Timing{}) {
		err = k.SetTiming(s.Cluster, s.Timing)
	}
	if err == nil {
		return nil
	}
	if cleanup := k.RemoveCluster(s.Cluster); cleanup != nil {
		err = fmt.Errorf("%w; then, while cleaning up: %w", err, cleanup)
	}
	return err
}
