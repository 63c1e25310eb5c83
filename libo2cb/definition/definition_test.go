// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// web is a cluster with everything in it.
func web() *cluster.Cluster {
	return &cluster.Cluster{
		Name: "web", HeartbeatMode: cluster.GlobalHeartbeat,
		Nodes: []cluster.Node{
			{Name: "alpha", Number: 0, Address: netip.MustParseAddr("192.168.0.1"), Port: 7777},
			{Name: "beta", Number: 7, Address: netip.MustParseAddr("192.168.0.2"), Port: 7778},
		},
		Regions: []cluster.Region{{Name: "1F548B5454764008ABB6D1F903252F86"}},
		Timing:  cluster.Timing{IdleTimeout: time.Minute, KeepaliveDelay: 3 * time.Second, DeadThreshold: 61, FenceMethod: "panic"},
	}
}

const webTOML = `version = 1

[[clusters]]
name = "web"
heartbeat_mode = "global"
regions = ["1F548B5454764008ABB6D1F903252F86"]
[clusters.timing]
idle_timeout_ms = 60000
keepalive_delay_ms = 3000
dead_threshold = 61
fence_method = "panic"

[[clusters.nodes]]
name = "alpha"
number = 0
address = "192.168.0.1"
port = 7777

[[clusters.nodes]]
name = "beta"
number = 7
address = "192.168.0.2"
port = 7778
`

const webJSON = `{
  "version": 1,
  "clusters": [
    {
      "name": "web",
      "heartbeat_mode": "global",
      "regions": [
        "1F548B5454764008ABB6D1F903252F86"
      ],
      "timing": {
        "idle_timeout_ms": 60000,
        "keepalive_delay_ms": 3000,
        "dead_threshold": 61,
        "fence_method": "panic"
      },
      "nodes": [
        {
          "name": "alpha",
          "number": 0,
          "address": "192.168.0.1",
          "port": 7777
        },
        {
          "name": "beta",
          "number": 7,
          "address": "192.168.0.2",
          "port": 7778
        }
      ]
    }
  ]
}
`

func TestWriteAndRead(t *testing.T) {
	for format, want := range map[Format]string{TOML: webTOML, JSON: webJSON} {
		d := &Definition{Clusters: []*cluster.Cluster{web()}}
		text, err := d.Write(format)
		if err != nil || string(text) != want {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", format, err, text, want)
		}
		back, findings := Read("web", text)
		if findings != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("%s came back as %+v, %v", format, back, findings)
		}
	}
}

// What differs from node to node is no part of a definition.
func TestWriteLeavesOutTheMachine(t *testing.T) {
	c := web()
	c.Nodes[0].Local, c.Regions[0].Device = true, "sdb"
	text, err := (&Definition{Clusters: []*cluster.Cluster{c}}).Write(TOML)
	if err != nil || string(text) != webTOML {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestWriteFails(t *testing.T) {
	d := &Definition{Clusters: []*cluster.Cluster{web()}}
	if _, err := d.Write("yaml"); !errors.Is(err, ErrUnknownFormat) {
		t.Error(err)
	}
	for i, spoil := range []func(*cluster.Cluster){
		func(c *cluster.Cluster) { c.Name = "\xff" },
		func(c *cluster.Cluster) { c.Nodes[1].Name = "\xff" },
		func(c *cluster.Cluster) { c.Regions[0].Name = "\xff" },
		func(c *cluster.Cluster) { c.Timing.FenceMethod = "\xff" },
	} {
		c := web()
		spoil(c)
		if _, err := (&Definition{Clusters: []*cluster.Cluster{c}}).Write(JSON); !errors.Is(err, ErrNotText) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestEmptyDefinition(t *testing.T) {
	for _, format := range []Format{TOML, JSON} {
		text, err := (&Definition{}).Write(format)
		if err != nil {
			t.Fatal(err)
		}
		if d, findings := Read("empty", text); findings != nil || len(d.Clusters) != 0 {
			t.Errorf("%s: %s came back as %+v, %v", format, text, d, findings)
		}
	}
}

// randomCluster makes a cluster that breaks no rule, and uses the room that the rules leave.
func randomCluster(r *rand.Rand, name string) *cluster.Cluster {
	c := &cluster.Cluster{Name: name, HeartbeatMode: cluster.LocalHeartbeat}
	if r.IntN(2) == 0 {
		c.HeartbeatMode = cluster.GlobalHeartbeat
	}
	for i := range r.IntN(cluster.MaxRegions + 1) {
		c.Regions = append(c.Regions, cluster.Region{Name: fmt.Sprintf("%08X%024X", i, r.Uint64())})
	}
	numbers := r.Perm(cluster.MaxNodes)
	for i := range r.IntN(20) {
		c.Nodes = append(c.Nodes, cluster.Node{
			Name: fmt.Sprintf("%c-%d_%s", 'A'+rune(r.IntN(26)), i, name), Number: numbers[i],
			Address: netip.AddrFrom4([4]byte{10, byte(i), byte(r.Uint32()), byte(r.Uint32())}), Port: 1 + r.IntN(cluster.MaxPort),
		})
	}
	if r.IntN(3) > 0 {
		c.Timing = cluster.Timing{
			IdleTimeout: time.Duration(20000+r.IntN(1e6)) * time.Millisecond, KeepaliveDelay: time.Duration(1000+r.IntN(10000)) * time.Millisecond,
			DeadThreshold: 7 + r.IntN(1000), FenceMethod: []string{"", "reset", "panic"}[r.IntN(3)],
		}
	}
	return c
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, seed))
		d := &Definition{}
		for i := range r.IntN(4) {
			d.Clusters = append(d.Clusters, randomCluster(r, fmt.Sprintf("c%d", i)))
		}
		for _, format := range []Format{TOML, JSON} {
			text, err := d.Write(format)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			back, findings := Read("random", text)
			if findings != nil || !reflect.DeepEqual(back, d) {
				t.Fatalf("seed %d, %s: %v\n%s", seed, format, findings, text)
			}
		}
	}
}

func TestLargestClusterFits(t *testing.T) {
	c := web()
	c.Nodes = nil
	for i := range cluster.MaxNodes {
		c.Nodes = append(c.Nodes, cluster.Node{Name: fmt.Sprintf("n%063d", i), Number: i, Address: netip.AddrFrom4([4]byte{192, 168, 100, byte(i)}), Port: cluster.MaxPort})
	}
	for _, format := range []Format{TOML, JSON} {
		text, err := (&Definition{Clusters: []*cluster.Cluster{c}}).Write(format)
		if err != nil || len(text) > MaxSize/15 {
			t.Errorf("%s: %d bytes, %v", format, len(text), err)
		}
	}
}
