// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Plan is the way from one state of the kernel's cluster to another.
type Plan struct {
	Have  *cluster.Cluster `json:"have"` // what it starts from; nil without a cluster
	Want  *cluster.Cluster `json:"want"` // what it leads to; nil without a cluster
	Steps []Step           `json:"steps"`
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 }

// Offline returns the steps that the kernel takes only while no heartbeat runs.
func (p *Plan) Offline() []Step {
	var steps []Step
	for _, s := range p.Steps {
		if s.Label == NeedsOffline {
			steps = append(steps, s)
		}
	}
	return steps
}

// OtherClusterError says that the kernel carries another cluster than the one
// that is wanted. It carries one at a time.
type OtherClusterError struct {
	Running, Wanted string
}

// Error returns one line with what to do.
func (e *OtherClusterError) Error() string {
	return fmt.Sprintf("cluster %s cannot go online: the kernel carries one cluster and has %s; o2cb_ctl offline %s",
		e.Wanted, e.Running, e.Running)
}

// RegionsError says that heartbeat regions run that must be stopped first.
type RegionsError struct {
	Cluster string
	Mode    cluster.HeartbeatMode // empty for local
	Regions []cluster.Region
}

// Error returns one line with the regions and what to do.
func (e *RegionsError) Error() string {
	names := make([]string, len(e.Regions))
	for i, r := range e.Regions {
		names[i] = r.Name
	}
	return fmt.Sprintf("cluster %s cannot go offline: heartbeat runs in %s; %s",
		e.Cluster, strings.Join(names, ", "), StopRegion(e.Cluster, names[0], e.Mode))
}

// StopRegion returns the command for a person to stop a region with. In global
// mode the regions stop with each other, and only ocfs2-tools does it.
func StopRegion(clusterName, region string, mode cluster.HeartbeatMode) string {
	if mode == cluster.GlobalHeartbeat {
		return "o2cb stop-heartbeat " + clusterName + ", of ocfs2-tools"
	}
	return "o2cb_ctl heartbeat stop " + region
}

// Online returns the plan that makes the kernel's cluster like want, which marks
// its local node. have is nil when the kernel has no cluster; it is an
// [*OtherClusterError] when it has one of another name. Regions are not
// compared.
//
// A node that differs in anything is removed and added, because the kernel lets
// each attribute be set once; a node that is not in want is removed. Removals
// come first so that numbers and addresses are free for the additions. The local
// node is removed last and added last: the socket is bound, and the cluster
// counts as online, only when everybody else is in.
func Online(want, have *cluster.Cluster) (*Plan, error) {
	if have != nil && have.Name != want.Name {
		return nil, &OtherClusterError{Running: have.Name, Wanted: want.Name}
	}
	p := &Plan{Have: have, Want: wanted(want, have)}
	alive := have != nil && len(have.Regions) > 0
	switch {
	case have == nil:
		p.Steps = append(p.Steps,
			Step{Kind: CreateCluster, Label: Live, Cluster: want.Name},
			Step{Kind: SetMode, Label: Live, Cluster: want.Name, Mode: want.Mode()})
	case have.Mode() != want.Mode():
		p.Steps = append(p.Steps,
			Step{Kind: SetMode, Label: label(alive), Cluster: want.Name, Mode: want.Mode(), Was: have.Mode()})
	}
	var running []cluster.Node
	if have != nil {
		running = have.Nodes
	}
	for _, n := range localLast(without(running, want.Nodes)) {
		p.Steps = append(p.Steps, Step{Kind: RemoveNode, Label: label(alive && n.Local), Cluster: want.Name, Node: &n})
	}
	// A new local node is refused while another one is alive, as is its removal.
	for _, n := range localLast(without(want.Nodes, running)) {
		p.Steps = append(p.Steps, Step{Kind: AddNode, Label: label(alive && n.Local), Cluster: want.Name, Node: &n})
	}
	return p, nil
}

// Offline returns the plan that removes the kernel's cluster, nodes first and
// the local one last of them. Without a cluster the plan is empty. While a
// region runs it is a [*RegionsError].
func Offline(have *cluster.Cluster) (*Plan, error) {
	p := &Plan{Have: have}
	if have == nil {
		return p, nil
	}
	if len(have.Regions) > 0 {
		return nil, &RegionsError{Cluster: have.Name, Mode: have.Mode(), Regions: have.Regions}
	}
	for _, n := range localLast(have.Nodes) {
		p.Steps = append(p.Steps, Step{Kind: RemoveNode, Label: Live, Cluster: have.Name, Node: &n})
	}
	p.Steps = append(p.Steps, Step{Kind: RemoveCluster, Label: Live, Cluster: have.Name})
	return p, nil
}

// wanted is want as the kernel will show it: with the mode spelt out and the
// regions that run.
func wanted(want, have *cluster.Cluster) *cluster.Cluster {
	w := *want
	w.HeartbeatMode = want.Mode()
	w.Regions = nil
	if have != nil {
		w.Regions = have.Regions
	}
	return &w
}

func label(needsOffline bool) Label {
	if needsOffline {
		return NeedsOffline
	}
	return Live
}

// without returns the nodes that others does not hold in every detail.
func without(nodes, others []cluster.Node) []cluster.Node {
	var rest []cluster.Node
	for _, n := range nodes {
		if !slices.Contains(others, n) {
			rest = append(rest, n)
		}
	}
	return rest
}

// localLast returns the nodes in their order, but the local one at the end.
func localLast(nodes []cluster.Node) []cluster.Node {
	sorted := slices.Clone(nodes)
	slices.SortStableFunc(sorted, func(a, b cluster.Node) int {
		switch {
		case a.Local == b.Local:
			return 0
		case a.Local:
			return 1
		default:
			return -1
		}
	})
	return sorted
}
