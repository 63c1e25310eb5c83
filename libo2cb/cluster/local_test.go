// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"strings"
	"testing"
)

func TestLocalNode(t *testing.T) {
	for _, test := range []struct {
		names, hostname string
		want            string
		err             error
	}{
		{"node6 node7", "node7", "node7", nil},
		{"node6 node7", "node7.example.com", "node7", nil},
		{"node6 node7", "NODE7.Example.com", "node7", nil},
		{"node6 Node7", "node7", "Node7", nil},
		{"node7 node70", "node70", "node70", nil},
		{"node7.example.com", "node7.example.com", "node7.example.com", nil},
		{"node6 node7", "node", "", ErrNoLocalNode},
		{"node6 node7", "node77", "", ErrNoLocalNode},
		{"node6 node7", "node7-1", "", ErrNoLocalNode},
		{"node7.example.com", "node7", "", ErrNoLocalNode},
		{"node6 node7", "", "", ErrNoLocalNode},
		{"", ".example.com", "", ErrNoLocalNode},
		{"node7 NODE7", "node7", "", ErrTwoLocalNodes},
		{"node7 node7.example", "node7.example.com", "", ErrTwoLocalNodes},
	} {
		c := &Cluster{Name: "web"}
		for name := range strings.SplitSeq(test.names, " ") {
			c.Nodes = append(c.Nodes, Node{Name: name})
		}
		got, err := c.LocalNode(test.hostname)
		if !errors.Is(err, test.err) {
			t.Errorf("LocalNode(%q) of %q: %v, want %v", test.hostname, test.names, err, test.err)
			continue
		}
		if err == nil && got != c.Node(test.want) {
			t.Errorf("LocalNode(%q) of %q: %q, want %q", test.hostname, test.names, got.Name, test.want)
		}
	}
}

func TestLocalNodeErrorNamesAll(t *testing.T) {
	c := &Cluster{Name: "web", Nodes: []Node{{Name: "a"}, {Name: "b"}}}
	_, err := c.LocalNode("host")
	for _, part := range []string{`"web"`, `"host"`, `"a", "b"`, "--local-node"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: does not say %s", err, part)
		}
	}
	if _, err := nodes(MaxNodes).LocalNode("host"); !strings.Contains(err.Error(), "and 245 more") {
		t.Errorf("%v: names them all", err)
	}
	if _, err := (&Cluster{Name: "web"}).LocalNode("host"); !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
}
