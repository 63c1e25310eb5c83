// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/netip"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func node(name string, number int, address string) cluster.Node {
	return cluster.Node{Name: name, Number: number, Address: netip.MustParseAddr(address), Port: 7777}
}

// global is a cluster of two nodes and two regions.
func global() *cluster.Cluster {
	return &cluster.Cluster{
		Name: "web", HeartbeatMode: cluster.GlobalHeartbeat,
		Nodes:   []cluster.Node{node("a", 0, "10.0.0.1"), node("b", 1, "10.0.0.2")},
		Regions: []cluster.Region{{Name: "52AA69F32F394C6EB28419F786C5BF0C"}, {Name: "62AA69F32F394C6EB28419F786C5BF0C"}},
	}
}

// What does not change the meaning does not change the layout.
func TestLayoutIsCanonical(t *testing.T) {
	want := LayoutOf(global())
	for name, change := range map[string]func(c *cluster.Cluster){
		"order of nodes":       func(c *cluster.Cluster) { c.Nodes[0], c.Nodes[1] = c.Nodes[1], c.Nodes[0] },
		"order of regions":     func(c *cluster.Cluster) { c.Regions[0], c.Regions[1] = c.Regions[1], c.Regions[0] },
		"spelling of a region": func(c *cluster.Cluster) { c.Regions[0].Name = "52aa69f3-2f39-4c6e-b284-19f786c5bf0c" },
		"case of a node":       func(c *cluster.Cluster) { c.Nodes[0].Name = "A" },
		"who is local":         func(c *cluster.Cluster) { c.Nodes[0].Local = true },
		"a region's device":    func(c *cluster.Cluster) { c.Regions[0].Device = "sda" },
	} {
		c := global()
		change(c)
		if got := LayoutOf(c); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	c := global()
	c.HeartbeatMode, c.Regions = "", nil
	local := LayoutOf(c)
	c.HeartbeatMode, c.Regions = cluster.LocalHeartbeat, global().Regions // those of mounts
	if got := LayoutOf(c); got != local {
		t.Errorf("regions of local mode: %+v, want %+v", got, local)
	}
}

// Everything else does, in its own part and in the whole.
func TestLayoutTellsApart(t *testing.T) {
	was := LayoutOf(global())
	for name, tt := range map[string]struct {
		change func(c *cluster.Cluster)
		part   func(Layout) any
	}{
		"name":        {func(c *cluster.Cluster) { c.Name = "db" }, func(l Layout) any { return l.Name }},
		"mode":        {func(c *cluster.Cluster) { c.HeartbeatMode = "" }, func(l Layout) any { return l.Mode }},
		"node number": {func(c *cluster.Cluster) { c.Nodes[0].Number = 2 }, func(l Layout) any { return l.Nodes }},
		"node name":   {func(c *cluster.Cluster) { c.Nodes[0].Name = "ab" }, func(l Layout) any { return l.Nodes }},
		"node port":   {func(c *cluster.Cluster) { c.Nodes[0].Port = 7778 }, func(l Layout) any { return l.Nodes }},
		"address":     {func(c *cluster.Cluster) { c.Nodes[1].Address = netip.MustParseAddr("10.0.0.3") }, func(l Layout) any { return l.Nodes }},
		"one node":    {func(c *cluster.Cluster) { c.Nodes = c.Nodes[:1] }, func(l Layout) any { return l.NodeCount }},
		"one region":  {func(c *cluster.Cluster) { c.Regions = c.Regions[:1] }, func(l Layout) any { return l.RegionCount }},
		"region":      {func(c *cluster.Cluster) { c.Regions[0].Name = "7" }, func(l Layout) any { return l.Regions }},
	} {
		c := global()
		tt.change(c)
		got := LayoutOf(c)
		if tt.part(got) == tt.part(was) || got.Digest() == was.Digest() {
			t.Errorf("%s: %+v is as before", name, got)
		}
	}
	if a, b := digest([]string{"ab", "c"}), digest([]string{"a", "bc"}); a == b {
		t.Error("the bounds of lines do not count")
	}
}

func TestCompare(t *testing.T) {
	own := Record{Layout: LayoutOf(global()), Timing: sample().Timing}
	own.File = own.Layout.Digest()
	for name, tt := range map[string]struct {
		change func(*Record)
		want   []Difference
	}{
		"nothing":      {func(*Record) {}, nil},
		"another node": {func(r *Record) { r.Node = 7 }, nil},
		"threshold":    {func(r *Record) { r.Timing.DeadThreshold = 61 }, []Difference{{"dead_threshold", "31", "61"}}},
		"missing":      {func(r *Record) { r.Timing.FenceMethod = "" }, []Difference{{"fence_method", "panic", "unknown"}}},
		"two":          {func(r *Record) { r.Timing.IdleTimeout, r.Timing.KeepaliveDelay = 1e9, 5e8 }, []Difference{{"idle_timeout_ms", "30000", "1000"}, {"keepalive_delay_ms", "2000", "500"}}},
		"nodes": {func(r *Record) {
			r.Layout.Nodes, r.Layout.NodeCount = Digest{1}, 1
			r.File = r.Layout.Digest()
		}, []Difference{{"nodes", "2 nodes (" + own.Layout.Nodes.String() + ")", "1 node (010000000000)"}}},
		"regions": {func(r *Record) {
			r.Layout.Regions = Digest{2}
			r.File = r.Layout.Digest()
		}, []Difference{{"regions", "2 regions (" + own.Layout.Regions.String() + ")", "2 regions (020000000000)"}}},
		"mode, which implies the regions": {func(r *Record) {
			c := global()
			c.HeartbeatMode = ""
			r.Layout = LayoutOf(c)
			r.File = r.Layout.Digest()
		}, []Difference{{"heartbeat_mode", "global", "local"}}},
		"name": {func(r *Record) {
			r.Layout.Name = "db"
			r.File = r.Layout.Digest()
		}, []Difference{{"cluster_name", "web", "db"}}},
		"an edited file": {func(r *Record) { r.File = Digest{1} }, []Difference{{"file", "what runs", "not what runs (010000000000)"}}},
		"no file":        {func(r *Record) { r.File = Digest{} }, []Difference{{"file", "what runs", "not readable"}}},
	} {
		theirs := own
		tt.change(&theirs)
		got := Compare(own, theirs)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, want %v", name, got[i], tt.want[i])
			}
		}
	}
	if got := (Difference{"dead_threshold", "31", "61"}).String(); got != "dead_threshold is 61 there and 31 here" {
		t.Error(got)
	}
}
