// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"pgregory.net/rapid"
)

// nodes draws up to five nodes out of few names, numbers and addresses, so that
// two clusters often share some of them and clash in others.
func nodes(t *rapid.T, label string) []cluster.Node {
	names := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, label+" names")
	numbers := rapid.Permutation([]int{0, 1, 2, 3, 7, 254}).Draw(t, label+" numbers")
	hosts := rapid.Permutation([]byte{1, 2, 3, 4, 5, 6}).Draw(t, label+" hosts")
	drawn := make([]cluster.Node, rapid.IntRange(0, 5).Draw(t, label+" size"))
	local := rapid.IntRange(-1, len(drawn)-1).Draw(t, label+" local")
	for i := range drawn {
		drawn[i] = cluster.Node{Name: names[i], Number: numbers[i], Address: netip.AddrFrom4([4]byte{10, 0, 0, hosts[i]}),
			Port: rapid.SampledFrom([]int{7777, 7778}).Draw(t, label+" port"), Local: i == local}
	}
	return drawn
}

func mode(t *rapid.T, label string) cluster.HeartbeatMode {
	return rapid.SampledFrom([]cluster.HeartbeatMode{cluster.LocalHeartbeat, cluster.GlobalHeartbeat}).Draw(t, label+" mode")
}

// running draws what the kernel may have: nothing, or the cluster web, perhaps
// with a region.
func running(t *rapid.T) *cluster.Cluster {
	if rapid.Bool().Draw(t, "nothing runs") {
		return nil
	}
	c := &cluster.Cluster{Name: "web", HeartbeatMode: mode(t, "running"), Nodes: nodes(t, "running"), Timing: timing(t, "running").Or(defaults)}
	if rapid.IntRange(0, 3).Draw(t, "alive") == 0 && hasLocal(c) {
		c.Regions = regions(t, "running")
	}
	return copyOf(c)
}

func hasLocal(c *cluster.Cluster) bool {
	return slices.ContainsFunc(c.Nodes, func(n cluster.Node) bool { return n.Local })
}

// regions draws up to three regions, as the kernel shows them.
func regions(t *rapid.T, label string) []cluster.Region {
	drawn := []cluster.Region{}
	for _, name := range rapid.Permutation([]string{"R1", "R2", "R3"}).Draw(t, label+" regions")[:rapid.IntRange(0, 3).Draw(t, label+" region count")] {
		drawn = append(drawn, cluster.Region{Name: name, Device: "sda"})
	}
	return drawn
}

// timing draws some settings; most stay open.
func timing(t *rapid.T, label string) cluster.Timing {
	return cluster.Timing{
		IdleTimeout:   rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Second, time.Minute}).Draw(t, label+" idle timeout"),
		DeadThreshold: rapid.SampledFrom([]int{0, 0, 31, 61}).Draw(t, label+" dead threshold"),
		FenceMethod:   rapid.SampledFrom([]string{"", "reset", "panic"}).Draw(t, label+" fence method"),
	}
}

// wanted draws what a file and the settings may want, often a small edit of what
// runs.
func wanted(t *rapid.T, have *cluster.Cluster) *cluster.Cluster {
	want := wantedNodes(t, have)
	want.Timing = timing(t, "wanted")
	want.Regions = nil
	if want.Mode() == cluster.GlobalHeartbeat && hasLocal(want) {
		want.Regions = regions(t, "wanted")
	}
	return want
}

func wantedNodes(t *rapid.T, have *cluster.Cluster) *cluster.Cluster {
	if have == nil || rapid.Bool().Draw(t, "unrelated") {
		return &cluster.Cluster{Name: "web", HeartbeatMode: mode(t, "wanted"), Nodes: nodes(t, "wanted")}
	}
	want := copyOf(have)
	if len(want.Nodes) > 0 {
		i := rapid.IntRange(0, len(want.Nodes)-1).Draw(t, "edited")
		switch rapid.IntRange(0, 2).Draw(t, "edit") {
		case 0:
			want.Nodes = slices.Delete(want.Nodes, i, i+1)
		case 1:
			want.Nodes[i].Port++
		case 2:
			j := rapid.IntRange(0, len(want.Nodes)-1).Draw(t, "other")
			want.Nodes[i].Number, want.Nodes[j].Number = want.Nodes[j].Number, want.Nodes[i].Number
		}
	}
	return want
}

// reached tells whether the kernel has what was wanted.
func reached(k *memory, want *cluster.Cluster) bool {
	is := copyOf(k.cluster)
	return is != nil && is.Name == want.Name && is.Mode() == want.Mode() && slices.Equal(is.Nodes, copyOf(want).Nodes) &&
		want.Timing.Or(is.Timing) == is.Timing && (want.Regions == nil || slices.Equal(is.Regions, copyOf(want).Regions))
}

// TestPlanReachesOrRestores applies plans from any state to any other: they get
// there, and there is nothing left to do then; and with a failure at any step
// they lead back exactly, also when the failure is only noticed at the end.
func TestPlanReachesOrRestores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := running(t)
		want := wanted(t, have)
		p, err := plan.Between(have, want)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Offline()) > 0 {
			k := &memory{cluster: copyOf(have), fail: -1}
			if err := plan.Apply(context.Background(), k, p, nil); !errors.Is(err, plan.ErrNeedsOffline) || k.done != 0 {
				t.Fatalf("a plan with %v: %v after %d operations", p.Offline(), err, k.done)
			}
			if len(have.Regions) == 0 {
				t.Fatalf("%v need a quiet cluster to be offline", p.Offline())
			}
			checkLive(t, have, p)
			return
		}
		k := &memory{cluster: copyOf(have), fail: -1}
		if err := plan.Apply(context.Background(), k, p, nil); err != nil || !reached(k, want) {
			t.Fatalf("%v\nfrom %+v\nled to %+v\nnot %+v: %v", p.Steps, have, k.cluster, want, err)
		}
		if again, err := plan.Between(copyOf(k.cluster), want); err != nil || !again.Empty() {
			t.Fatalf("after reaching the target there is still %v, %v", again.Steps, err)
		}
		for fail := range p.Steps {
			k := &memory{cluster: copyOf(have), fail: fail}
			checkRestored(t, k, have, plan.Apply(context.Background(), k, p, nil), fail)
		}
	})
}

// checkLive applies what is live of a plan that needs the cluster offline: it
// gets where it says, or, when it builds on the rest, leads back.
func checkLive(t *rapid.T, have *cluster.Cluster, p *plan.Plan) {
	k := &memory{cluster: copyOf(have), fail: -1}
	want := copyOf(have)
	err := plan.Apply(context.Background(), k, p.Live(), nil)
	if err == nil {
		want = p.Live().Want
	}
	if errors.Is(err, plan.ErrNotReached) || !plan.Equal(copyOf(k.cluster), want) {
		t.Fatalf("%v of %v led to %+v, not %+v: %v", p.Live().Steps, p.Steps, k.cluster, want, err)
	}
}

// checkRestored checks what a failure at step fail left.
func checkRestored(t *rapid.T, k *memory, have *cluster.Cluster, err error, fail int) {
	var e *plan.ApplyError
	if !errors.As(err, &e) || !errors.Is(err, errInjected) || e.UndoErr != nil || len(e.Undone) != fail {
		t.Fatalf("a failure at step %d: %#v", fail, err)
	}
	if !reflect.DeepEqual(copyOf(k.cluster), copyOf(have)) {
		t.Fatalf("a failure at step %d left %+v, not %+v", fail, k.cluster, have)
	}
}

// TestPlanOfflineReachesOrRestores is the same for taking the cluster away.
func TestPlanOfflineReachesOrRestores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := running(t)
		p, err := plan.Between(have, nil)
		if have != nil && have.Mode() == cluster.LocalHeartbeat && len(have.Regions) > 0 {
			var e *plan.RegionsError
			if !errors.As(err, &e) {
				t.Fatalf("a living cluster can go offline: %v, %v", p, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		k := &memory{cluster: copyOf(have), fail: -1}
		if err := plan.Apply(context.Background(), k, p, nil); err != nil || k.cluster != nil {
			t.Fatalf("%v led to %+v: %v", p.Steps, k.cluster, err)
		}
		for fail := range p.Steps {
			k := &memory{cluster: copyOf(have), fail: fail}
			checkRestored(t, k, have, plan.Apply(context.Background(), k, p, nil), fail)
		}
	})
}
