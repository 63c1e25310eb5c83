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

// Live returns the plan without the steps that need the cluster offline. It leads
// as far as it comes without them.
func (p *Plan) Live() *Plan {
	if len(p.Offline()) == 0 {
		return p
	}
	live := &Plan{Have: p.Have, Want: p.Have}
	for _, s := range p.Steps {
		if s.Label == Live {
			live.Steps = append(live.Steps, s)
			live.Want = s.alter(live.Want)
		}
	}
	return live
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

// RegionsError says that heartbeat regions run, in local mode, that must be
// stopped first.
type RegionsError struct {
	Cluster string
	Regions []cluster.Region
}

// Error returns one line with the regions and what to do.
func (e *RegionsError) Error() string {
	names := make([]string, len(e.Regions))
	for i, r := range e.Regions {
		names[i] = r.Name
	}
	return fmt.Sprintf("cluster %s cannot go offline: heartbeat runs in %s; o2cb_ctl heartbeat stop %s",
		e.Cluster, strings.Join(names, ", "), names[0])
}

// Between returns the plan that leads from one state of the kernel's cluster to
// another; nil stands for no cluster. have is what [Read] gave. want marks its
// local node; what it leaves open stays as it is: the zero fields of its timing,
// and the regions when they are nil (an empty list means: none).
//
// It is an [*OtherClusterError] when the kernel has another cluster, and a
// [*RegionsError] when want is nil while regions run in local mode: they belong to
// volumes, or to whoever started them.
//
// A node that differs in anything is removed and added, because the kernel lets
// each attribute be set once. Removals come first so that numbers and addresses
// are free for the additions. The local node is removed last and added last: the
// socket is bound, and the cluster counts as online, only when everybody else is
// in. Timing comes before the first heartbeat, which fixes it. Regions start when
// all else is there and stop before anything else goes; a region that goes stops
// after those that come.
func Between(have, want *cluster.Cluster) (*Plan, error) {
	if want == nil {
		return toNothing(have)
	}
	if have != nil && have.Name != want.Name {
		return nil, &OtherClusterError{Running: have.Name, Wanted: want.Name}
	}
	p := &Plan{Have: have, Want: wanted(want, have)}
	from := have
	if have == nil {
		from = &cluster.Cluster{Name: want.Name}
		p.add(Step{Kind: CreateCluster}, Live)
		p.add(Step{Kind: SetMode, Mode: p.Want.Mode()}, Live)
	}
	alive := len(from.Regions) > 0
	if have != nil && have.Mode() != want.Mode() {
		p.add(Step{Kind: SetMode, Mode: want.Mode(), Was: have.Mode()}, label(alive))
	}
	p.addTiming(from, alive)
	p.addNodes(from, alive)
	// Regions of the other mode cannot start or stop before the mode changes.
	p.addRegions(from, label(alive && from.Mode() != want.Mode()))
	return p, nil
}

// Backwards returns the plan that takes steps back, newest first, in a cluster that
// has had them taken: as far as they stand in have, which may be nil, and leaving
// alone what else there is.
func Backwards(have *cluster.Cluster, steps []Step) *Plan {
	p := &Plan{Have: have, Want: have}
	for _, s := range slices.Backward(steps) {
		back, ok := s.Undo()
		if !ok {
			continue
		}
		if back = back.rest(p.Want); back.Kind == "" {
			continue
		}
		if back.Kind == RemoveCluster { // for whoever takes this back
			back.Mode, back.Timing = p.Want.Mode(), p.Want.Timing
		}
		p.Steps = append(p.Steps, back)
		p.Want = back.alter(p.Want)
	}
	return p
}

// toNothing returns the plan that removes the kernel's cluster.
func toNothing(have *cluster.Cluster) (*Plan, error) {
	p := &Plan{Have: have}
	if have == nil {
		return p, nil
	}
	if len(have.Regions) > 0 {
		if have.Mode() != cluster.GlobalHeartbeat {
			return nil, &RegionsError{Cluster: have.Name, Regions: have.Regions}
		}
		p.add(Step{Kind: StopRegions, Regions: regionNames(have)}, Live)
	}
	for _, n := range localLast(have.Nodes) {
		p.add(Step{Kind: RemoveNode, Node: &n}, Live)
	}
	p.add(Step{Kind: RemoveCluster, Mode: have.Mode(), Timing: have.Timing}, Live)
	return p, nil
}

// add appends a step on the plan's cluster.
func (p *Plan) add(s Step, l Label) {
	s.Label, s.Cluster = l, p.name()
	p.Steps = append(p.Steps, s)
}

func (p *Plan) name() string {
	if p.Want != nil {
		return p.Want.Name
	}
	return p.Have.Name
}

// addTiming adds the settings that change, those that the kernel takes at any
// time apart from those that it refuses (a connection's, while one is up) or
// ignores (the threshold, while a heartbeat runs). Together they are one step,
// since the kernel wants some in one order and some in the other.
func (p *Plan) addTiming(from *cluster.Cluster, alive bool) {
	steps := map[Label]*Step{}
	for _, s := range cluster.TimingSettings() {
		if p.Want.Timing.Get(s) == from.Timing.Get(s) {
			continue
		}
		l := label(alive && s != cluster.ReconnectDelay && s != cluster.FenceMethod)
		if steps[l] == nil {
			steps[l] = &Step{Kind: SetTiming}
		}
		steps[l].Timing = steps[l].Timing.Or(p.Want.Timing.Only(s))
		steps[l].WasTiming = steps[l].WasTiming.Or(from.Timing.Only(s))
	}
	for _, l := range []Label{Live, NeedsOffline} {
		if steps[l] != nil {
			p.add(*steps[l], l)
		}
	}
}

// addNodes adds the removals and additions of nodes. A new local node is refused
// while another one is alive, as is its removal.
func (p *Plan) addNodes(from *cluster.Cluster, alive bool) {
	for _, n := range localLast(without(from.Nodes, p.Want.Nodes)) {
		p.add(Step{Kind: RemoveNode, Node: &n}, label(alive && n.Local))
	}
	for _, n := range localLast(without(p.Want.Nodes, from.Nodes)) {
		p.add(Step{Kind: AddNode, Node: &n}, label(alive && n.Local))
	}
}

// addRegions adds the starts and stops of regions.
func (p *Plan) addRegions(from *cluster.Cluster, l Label) {
	running, wanted := regionNames(from), regionNames(p.Want)
	missing := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(running, name) })
	surplus := slices.DeleteFunc(slices.Clone(running), func(name string) bool { return slices.Contains(wanted, name) })
	if len(missing) > 0 {
		p.add(Step{Kind: StartRegions, Regions: missing}, l)
	}
	if len(surplus) > 0 {
		p.add(Step{Kind: StopRegions, Regions: surplus}, l)
	}
}

// wanted is want as the kernel will show it: the mode spelt out, and what it
// leaves open as it is.
func wanted(want, have *cluster.Cluster) *cluster.Cluster {
	w := *want
	w.HeartbeatMode = want.Mode()
	if have != nil {
		w.Timing = want.Timing.Or(have.Timing)
		if want.Regions == nil {
			w.Regions = have.Regions
		}
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
	held := make(map[cluster.Node]bool, len(others))
	for _, n := range others {
		held[n] = true
	}
	var rest []cluster.Node
	for _, n := range nodes {
		if !held[n] {
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
