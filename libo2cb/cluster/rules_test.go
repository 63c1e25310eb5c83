// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func TestCheckNumberAndPort(t *testing.T) {
	for _, test := range []struct {
		n            int
		number, port []string
	}{
		{-1, []string{"number-range!"}, []string{"port-range!"}},
		{0, nil, []string{"port-range!"}},
		{1, nil, nil},
		{254, nil, nil},
		{255, []string{"number-range!"}, nil},
		{65534, []string{"number-range!"}, nil},
		{65535, []string{"number-range!"}, []string{"port-range!"}},
		{70000, []string{"number-range!"}, []string{"port-range!"}},
	} {
		if got := outcome(CheckNumber(test.n)); !slices.Equal(got, test.number) {
			t.Errorf("CheckNumber(%d) = %v, want %v", test.n, got, test.number)
		}
		if got := outcome(CheckPort(test.n)); !slices.Equal(got, test.port) {
			t.Errorf("CheckPort(%d) = %v, want %v", test.n, got, test.port)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	for text, want := range map[string][]string{
		"10.0.0.1":        nil,
		"1.0.0.0":         nil,
		"127.0.0.1":       nil,
		"169.254.1.1":     nil,
		"223.255.255.255": nil,
		"0.0.0.0":         {"address-unusable?"},
		"0.1.2.3":         {"address-unusable?"},
		"224.0.0.1":       {"address-unusable?"},
		"239.1.2.3":       {"address-unusable?"},
		"240.0.0.1":       {"address-unusable?"},
		"255.255.255.255": {"address-unusable?"},
		"::1":             {"address-ipv6!"},
		"fe80::1%eth0":    {"address-ipv6!"},
		"::ffff:10.0.0.1": {"address-ipv6!"},
	} {
		if got := outcome(CheckAddress(netip.MustParseAddr(text))); !slices.Equal(got, want) {
			t.Errorf("CheckAddress(%s) = %v, want %v", text, got, want)
		}
	}
	if got := outcome(CheckAddress(netip.Addr{})); !slices.Equal(got, []string{"address-invalid!"}) {
		t.Errorf("CheckAddress(zero) = %v", got)
	}
}

func TestCheckHeartbeatModeAndNodeCount(t *testing.T) {
	for mode, want := range map[HeartbeatMode][]string{"": nil, "local": nil, "global": nil, "Global": {"heartbeat-mode!"}, "x": {"heartbeat-mode!"}} {
		if got := outcome(CheckHeartbeatMode(mode)); !slices.Equal(got, want) {
			t.Errorf("CheckHeartbeatMode(%q) = %v, want %v", mode, got, want)
		}
	}
	if got := CheckNodeCount(2, 2); got != nil {
		t.Errorf("CheckNodeCount(2, 2) = %v", got)
	}
	if got := outcome(CheckNodeCount(1<<32-1, 2)); !slices.Equal(got, []string{"node-count?"}) {
		t.Errorf("CheckNodeCount(2^32-1, 2) = %v", got)
	}
}

// node makes a valid node of a number.
func node(number int) Node {
	return Node{
		Name: fmt.Sprintf("node%d", number), Number: number,
		Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(number + 1)}), Port: DefaultPort,
	}
}

// nodes makes a valid cluster of n nodes.
func nodes(n int) *Cluster {
	c := &Cluster{Name: "web"}
	for i := range n {
		c.Nodes = append(c.Nodes, node(i))
	}
	return c
}

// region makes a valid region name.
func region(n int) Region { return Region{Name: fmt.Sprintf("%032X", n)} }

func TestCheckCluster(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Cluster)
		want   []string
	}{
		{"valid", func(*Cluster) {}, nil},
		{"name", func(c *Cluster) { c.Name = "../x" }, []string{"cluster 0 name name-unsafe!"}},
		{"mode", func(c *Cluster) { c.HeartbeatMode = "x" }, []string{"cluster 0 heartbeat_mode heartbeat-mode!"}},
		{"node", func(c *Cluster) { c.Nodes[1] = Node{Name: "a b", Number: 255, Port: 0} }, []string{
			"node 1 name name-characters?", "node 1 number number-range!", "node 1 ip_address address-invalid!", "node 1 ip_port port-range!",
		}},
		{"duplicates", func(c *Cluster) { c.Nodes[2] = c.Nodes[1] }, []string{
			"node 2 name duplicate-name! 1", "node 2 number duplicate-number! 1", "node 2 ip_address duplicate-address! 1",
		}},
		{"bad values are no duplicates", func(c *Cluster) {
			c.Nodes = append(c.Nodes, Node{Number: -1, Port: 1}, Node{Number: -1, Port: 1})
		}, []string{
			"node 3 name name-empty!", "node 3 number number-range!", "node 3 ip_address address-invalid!",
			"node 4 name name-empty!", "node 4 number number-range!", "node 4 ip_address address-invalid!",
		}},
		{"one port for all", func(c *Cluster) { c.Nodes[0].Port = c.Nodes[1].Port }, nil},
		{"loopback of many", func(c *Cluster) { c.Nodes[0].Address = netip.MustParseAddr("127.0.0.1") }, []string{"node 0 ip_address address-loopback"}},
		{"loopback of one", func(c *Cluster) {
			c.Nodes = c.Nodes[:1]
			c.Nodes[0].Address = netip.MustParseAddr("127.0.0.1")
		}, nil},
		{"full", func(c *Cluster) { c.Nodes = nodes(MaxNodes).Nodes }, nil},
		{"one node too many", func(c *Cluster) {
			c.Nodes = append(nodes(MaxNodes).Nodes, Node{Name: "x", Number: 300, Address: netip.MustParseAddr("10.1.0.1"), Port: 1})
		}, []string{"node 255 number number-range!", "node 255 name too-many-nodes!"}},
		{"regions", func(c *Cluster) { c.Regions = []Region{region(1), region(2)} }, nil},
		{"region twice", func(c *Cluster) { c.Regions = []Region{region(1), region(2), region(1)} }, []string{"heartbeat 2 region duplicate-region! 0"}},
		{"odd region, unused", func(c *Cluster) { c.Regions = []Region{{Name: "abc"}} }, []string{"heartbeat 0 region region-format"}},
		{"odd region, used", func(c *Cluster) {
			c.HeartbeatMode = GlobalHeartbeat
			c.Regions = []Region{{Name: "abc"}}
		}, []string{"heartbeat 0 region region-format?"}},
		{"one region too many", func(c *Cluster) {
			for i := range MaxRegions + 1 {
				c.Regions = append(c.Regions, region(i))
			}
		}, []string{"heartbeat 32 region too-many-regions!"}},
		{"the region too many is a duplicate", func(c *Cluster) {
			for i := range MaxRegions {
				c.Regions = append(c.Regions, region(i))
			}
			c.Regions = append(c.Regions, region(0), region(99))
		}, []string{"heartbeat 32 region duplicate-region! 0", "heartbeat 32 region too-many-regions!"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := nodes(3)
			test.change(c)
			var got []string
			for _, v := range c.Check() {
				text := fmt.Sprintf("%s %d %s %s", v.Subject.Kind, v.Subject.Index, v.Subject.Attribute, outcome([]Violation{v})[0])
				if v.First != nil {
					text += fmt.Sprintf(" %d", v.First.Index)
				}
				got = append(got, text)
				if v.Found == "" || v.Expected == "" || v.Mend == "" {
					t.Errorf("%+v: something is empty", v)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("Check: %q, want %q", got, test.want)
			}
		})
	}
}

func TestFreeNumber(t *testing.T) {
	c := nodes(3)
	c.Nodes[1].Number = 9
	if n, ok := c.FreeNumber(); n != 1 || !ok {
		t.Errorf("FreeNumber = %d, %v, want 1", n, ok)
	}
	if n, ok := nodes(MaxNodes).FreeNumber(); ok {
		t.Errorf("FreeNumber of a full cluster = %d", n)
	}
}
