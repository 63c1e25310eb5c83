// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func node(name string, number int, last byte) cluster.Node {
	return cluster.Node{Name: name, Number: number, Address: netip.AddrFrom4([4]byte{10, 0, 0, last}), Port: 7777}
}

func local(n cluster.Node) cluster.Node {
	n.Local = true
	return n
}

func web(nodes ...cluster.Node) *cluster.Cluster {
	return &cluster.Cluster{Name: "web", HeartbeatMode: cluster.LocalHeartbeat, Nodes: nodes}
}

func alive(c *cluster.Cluster) *cluster.Cluster {
	c.Regions = []cluster.Region{{Name: "R", Device: "sda"}}
	return c
}

func global(c *cluster.Cluster) *cluster.Cluster {
	c.HeartbeatMode = cluster.GlobalHeartbeat
	return c
}

func sentences(steps []Step) []string {
	var all []string
	for _, s := range steps {
		text := s.String()
		if s.Label == NeedsOffline {
			text += " (offline)"
		}
		all = append(all, text)
	}
	return all
}

func TestNodeSteps(t *testing.T) {
	a, b := local(node("a", 0, 1)), node("b", 1, 2)
	const (
		addA    = "add node a, number 0, 10.0.0.1 port 7777, the local node"
		removeA = "remove node a, number 0, 10.0.0.1 port 7777, the local node"
		addB    = "add node b, number 1, 10.0.0.2 port 7777"
		removeB = "remove node b, number 1, 10.0.0.2 port 7777"
	)
	tests := []struct {
		name       string
		want, have *cluster.Cluster
		steps      []string
	}{
		{"from nothing, local node last", web(a, b), nil,
			[]string{"create cluster web", "set the heartbeat mode of cluster web to local", addB, addA}},
		{"mode is spelt out", &cluster.Cluster{Name: "web", Nodes: []cluster.Node{a}}, nil,
			[]string{"create cluster web", "set the heartbeat mode of cluster web to local", addA}},
		{"in sync, another order", web(b, a), web(a, b), nil},
		{"in sync and alive", web(a, b), alive(web(a, b)), nil},
		{"one more", web(a, b), web(a), []string{addB}},
		{"one less, alive", web(a), alive(web(a, b)), []string{removeB}},
		{"a number passed on", web(a, node("c", 1, 3)), web(a, b), []string{removeB, "add node c, number 1, 10.0.0.3 port 7777"}},
		{"another port", web(a, node("b", 2, 2)), web(a, b), []string{removeB, "add node b, number 2, 10.0.0.2 port 7777"}},
		{"local node changes, quiet", web(local(node("a", 0, 9)), b), web(a, b),
			[]string{removeA, "add node a, number 0, 10.0.0.9 port 7777, the local node"}},
		{"local node changes, alive", web(local(node("a", 0, 9)), b), alive(web(a, b)),
			[]string{removeA + " (offline)", "add node a, number 0, 10.0.0.9 port 7777, the local node (offline)"}},
		{"another local node, removed last and added last", web(local(b), node("a", 0, 1)), web(a, b),
			[]string{removeB, removeA, "add node a, number 0, 10.0.0.1 port 7777", addB + ", the local node"}},
		{"mode, quiet", global(web(a)), web(a), []string{"set the heartbeat mode of cluster web to global"}},
		{"mode, alive", global(web(a)), alive(web(a)), []string{"set the heartbeat mode of cluster web to global (offline)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Between(tt.have, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := sentences(p.Steps); !reflect.DeepEqual(got, tt.steps) {
				t.Errorf("got  %q\nwant %q", got, tt.steps)
			}
			if p.Empty() != (len(tt.steps) == 0) {
				t.Errorf("Empty() = %v with %d steps", p.Empty(), len(tt.steps))
			}
		})
	}
}

func TestOtherCluster(t *testing.T) {
	_, err := Between(&cluster.Cluster{Name: "db"}, web())
	var e *OtherClusterError
	if !errors.As(err, &e) || e.Running != "db" || e.Wanted != "web" {
		t.Fatalf("Between() = %v", err)
	}
	if want := "cluster web cannot go online: the kernel carries one cluster and has db; o2cb_ctl offline db"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestRemovalSteps(t *testing.T) {
	const removeA, removeB = "remove node a, number 0, 10.0.0.1 port 7777, the local node", "remove node b, number 1, 10.0.0.2 port 7777"
	a, b := local(node("a", 0, 1)), node("b", 1, 2)
	for _, tt := range []struct {
		name  string
		have  *cluster.Cluster
		steps []string
	}{
		{"local node last", web(a, b), []string{removeB, removeA, "remove cluster web"}},
		{"global heartbeat first", global(alive(web(a))), []string{"stop heartbeat region R", removeA, "remove cluster web"}},
		{"nothing there", nil, nil},
	} {
		p, err := Between(tt.have, nil)
		if err != nil || !reflect.DeepEqual(sentences(p.Steps), tt.steps) {
			t.Errorf("%s: %q, %v, want %q", tt.name, sentences(p.Steps), err, tt.steps)
		}
	}
	_, err := Between(alive(web()), nil)
	var e *RegionsError
	if !errors.As(err, &e) || err.Error() != "cluster web cannot go offline: heartbeat runs in R; o2cb_ctl heartbeat stop R" {
		t.Errorf("removal of a living cluster: %v", err)
	}
}

func timed(c *cluster.Cluster, timing cluster.Timing) *cluster.Cluster {
	c.Timing = timing
	return c
}

func regions(c *cluster.Cluster, names ...string) *cluster.Cluster {
	c.Regions = []cluster.Region{}
	for _, name := range names {
		c.Regions = append(c.Regions, cluster.Region{Name: name})
	}
	return c
}

func TestTimingAndRegionSteps(t *testing.T) {
	a := local(node("a", 0, 1))
	const addA = "add node a, number 0, 10.0.0.1 port 7777, the local node"
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	full := cluster.Timing{IdleTimeout: ms(30000), KeepaliveDelay: ms(2000), ReconnectDelay: ms(2000), DeadThreshold: 31, FenceMethod: "reset"}
	for _, tt := range []struct {
		name       string
		have, want *cluster.Cluster
		steps      []string
	}{
		{"from nothing", nil, timed(regions(global(web(a)), "R1", "R2"), cluster.Timing{DeadThreshold: 5}),
			[]string{"create cluster web", "set the heartbeat mode of cluster web to global", "set dead_threshold to 5", addA, "start heartbeat regions R1, R2"}},
		{"the same", timed(web(a), full), timed(web(a), full), nil},
		{"left open", timed(web(a), full), web(a), nil},
		{"quiet", timed(web(a), full), timed(web(a), cluster.Timing{IdleTimeout: ms(60000), FenceMethod: "panic"}),
			[]string{"set idle_timeout_ms to 60000 (from 30000), fence_method to panic (from reset)"}},
		{"alive", timed(alive(web(a)), full), timed(web(a), cluster.Timing{KeepaliveDelay: ms(1000), DeadThreshold: 61, ReconnectDelay: ms(1), FenceMethod: "panic"}),
			[]string{"set reconnect_delay_ms to 1 (from 2000), fence_method to panic (from reset)",
				"set keepalive_delay_ms to 1000 (from 2000), dead_threshold to 61 (from 31) (offline)"}},
		{"regions come and go", regions(global(web(a)), "R1", "R2"), regions(global(web(a)), "R2", "R3"),
			[]string{"start heartbeat region R3", "stop heartbeat region R1"}},
		{"all regions go", regions(global(web(a)), "R1"), regions(global(web(a))), []string{"stop heartbeat region R1"}},
		{"regions left open", regions(global(web(a)), "R1"), global(web(a)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Between(tt.have, tt.want)
			if err != nil || !reflect.DeepEqual(sentences(p.Steps), tt.steps) {
				t.Errorf("%q, %v\nwant %q", sentences(p.Steps), err, tt.steps)
			}
			if !p.Empty() {
				return
			}
			if !p.equal()(tt.have, p.Want) {
				t.Errorf("nothing to do, and %s is not %s", describe(tt.have), describe(p.Want))
			}
		})
	}
}

func TestUndo(t *testing.T) {
	half := cluster.Node{Name: "h", Address: netip.AddrFrom4([4]byte{})}
	a := node("a", 0, 1)
	tests := []struct {
		step Step
		undo string // empty: nothing to take back
	}{
		{Step{Kind: CreateCluster, Cluster: "web"}, "remove cluster web"},
		{Step{Kind: RemoveCluster, Cluster: "web"}, "create cluster web"},
		{Step{Kind: SetMode, Cluster: "web", Mode: cluster.GlobalHeartbeat, Was: cluster.LocalHeartbeat}, "set the heartbeat mode of cluster web to local"},
		{Step{Kind: SetMode, Cluster: "web", Mode: cluster.GlobalHeartbeat}, ""},
		{Step{Kind: AddNode, Cluster: "web", Node: &a}, "remove node a, number 0, 10.0.0.1 port 7777"},
		{Step{Kind: RemoveNode, Cluster: "web", Node: &a}, "add node a, number 0, 10.0.0.1 port 7777"},
		{Step{Kind: RemoveNode, Cluster: "web", Node: &half}, ""},
		{Step{Kind: SetTiming, Cluster: "web", Timing: cluster.Timing{DeadThreshold: 5}, WasTiming: cluster.Timing{DeadThreshold: 31}}, "set dead_threshold to 31 (from 5)"},
		{Step{Kind: SetTiming, Cluster: "web", Timing: cluster.Timing{DeadThreshold: 5}}, ""},
		{Step{Kind: StartRegions, Cluster: "web", Regions: []string{"R", "S"}}, "stop heartbeat regions R, S"},
		{Step{Kind: StopRegions, Cluster: "web", Regions: []string{"R"}}, "start heartbeat region R"},
	}
	for _, tt := range tests {
		undo, ok := tt.step.Undo()
		if ok != (tt.undo != "") || ok && undo.String() != tt.undo {
			t.Errorf("the undo of %q is %q, %v, want %q", tt.step, undo, ok, tt.undo)
		}
	}
}

// A journal stores plans: nothing that an undo needs may get lost.
func TestPlanSurvivesJSON(t *testing.T) {
	p, err := Between(web(node("b", 1, 2)), global(web(local(node("a", 0, 1)), node("b", 1, 3))))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(&back, p) {
		t.Errorf("%s came back as %+v, %v", data, back, err)
	}
}
