// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"net/netip"
	"strconv"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// testNode is a valid node.
func testNode(name string, number int) cluster.Node {
	return cluster.Node{Name: name, Number: number, Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(number + 1)}), Port: 7777}
}

// aligned is a file with a layout of its own.
const aligned = `# my cluster

cluster:
    name            = web
    node_count      = 1   
    heartbeat_mode  = local


# the first
node:
    number      = 0
    name        = a
    ip_address  = 10.0.0.1
# agreed with the firewall people
    ip_port     = 7777
    cluster     = web
    rack        = 4


# end
`

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		name string
		text string
		edit func(*File) error
		want string
	}{
		{"first cluster", "", func(f *File) error { return f.AddCluster("web") },
			"cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\n"},
		{"first cluster below a comment", "# mine", func(f *File) error { return f.AddCluster("web") },
			"# mine\n\ncluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\n"},
		{"second cluster", web, func(f *File) error { return f.AddCluster("two") },
			web + "\ncluster:\n\tname = two\n\tnode_count = 0\n\theartbeat_mode = local\n"},
		{"node into a layout", aligned, func(f *File) error { return f.AddNode("web", testNode("b", 1)) },
			`# my cluster

cluster:
    name            = web
    node_count      = 2   
    heartbeat_mode  = local


# the first
node:
    number      = 0
    name        = a
    ip_address  = 10.0.0.1
# agreed with the firewall people
    ip_port     = 7777
    cluster     = web
    rack        = 4


node:
    number      = 1
    name        = b
    ip_address  = 10.0.0.2
    ip_port     = 7777
    cluster     = web


# end
`},
		{"first node", web + "\nheartbeat:\n\tcluster = web\n\tregion = x\n\n", func(f *File) error { return f.AddNode("web", testNode("a", 0)) },
			"cluster:\n\tname = web\n\tnode_count = 1\n\nheartbeat:\n\tcluster = web\n\tregion = x\n\n" +
				"node:\n\tcluster = web\n\tnumber = 0\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = a\n\n"},
		{"node of the first of two clusters", web + "node:\n name=a\n cluster=web\ncluster:\n name=two\n node_count=0\n", func(f *File) error { return f.AddNode("web", testNode("b", 1)) },
			"cluster:\n\tname = web\n\tnode_count = 2\nnode:\n name=a\n cluster=web\nnode:\n name=b\n cluster=web\n number=1\n ip_port=7777\n ip_address=10.0.0.2\ncluster:\n name=two\n node_count=0\n"},
		{"node behind an unfinished line", web + "node:\n name=a\n cluster=web\\", func(f *File) error { return f.AddNode("web", testNode("b", 1)) },
			"cluster:\n\tname = web\n\tnode_count = 2\nnode:\n name=a\n cluster=web\nnode:\n name=b\n cluster=web\n number=1\n ip_port=7777\n ip_address=10.0.0.2\n"},
		{"node before a NUL", web + "node:\n name=a\n cluster=web\x00\x00", func(f *File) error { return f.AddNode("web", testNode("b", 1)) },
			"cluster:\n\tname = web\n\tnode_count = 2\nnode:\n name=a\n cluster=web\nnode:\n name=b\n cluster=web\n number=1\n ip_port=7777\n ip_address=10.0.0.2\n\x00\x00"},
		{"a comment stays with its stanza", web + "node:\n name=a\n cluster=web\n# of a\n\n# free\n", func(f *File) error { return f.AddNode("web", testNode("b", 1)) },
			"cluster:\n\tname = web\n\tnode_count = 2\nnode:\n name=a\n cluster=web\n# of a\n\nnode:\n name=b\n cluster=web\n number=1\n ip_port=7777\n ip_address=10.0.0.2\n\n# free\n"},
		{"node_count is made when it lacks", "cluster:\n  name: = x\n", func(f *File) error { return nil }, "cluster:\n  name: = x\n"},
		{"missing node_count", "cluster:\n  name=web\n", func(f *File) error { return f.AddNode("web", testNode("a", 0)) },
			"cluster:\n  name=web\n  node_count=1\n\nnode:\n\tcluster = web\n\tnumber = 0\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = a\n\n"},
		{"remove a node", aligned, func(f *File) error { return f.RemoveNode("web", "a") },
			"# my cluster\n\ncluster:\n    name            = web\n    node_count      = 0   \n    heartbeat_mode  = local\n\n\n# end\n"},
		{"remove from a dense file", "node:\n cluster=web\n name=a\n" + web + "node:\n cluster=web\n name=b\n", func(f *File) error { return f.RemoveNode("web", "a") },
			"cluster:\n\tname = web\n\tnode_count = 1\nnode:\n cluster=web\n name=b\n"},
		{"remove a cluster", "# top\n\n" + web + "\nnode:\n cluster=web\n name=a\n\nnode:\n cluster=two\n name=a\n\nheartbeat:\n cluster=web\n region=x\n", func(f *File) error { return f.RemoveCluster("web") },
			"# top\n\nnode:\n cluster=two\n name=a\n\n"},
		{"rename a cluster", web + "node:\n cluster = web # no\nnode:\n cluster =web \r\nheartbeat:\n cluster=web\n", func(f *File) error { return f.RenameCluster("web", "www") },
			"cluster:\n\tname = www\n\tnode_count = 0\nnode:\n cluster = web # no\nnode:\n cluster =www \r\nheartbeat:\n cluster=www\n"},
		{"set the mode", web, func(f *File) error { return f.SetHeartbeatMode("web", cluster.GlobalHeartbeat) },
			web + "\theartbeat_mode = global\n"},
		{"set the one that counts", "cluster:\n\tname = web\n\tnode_count = 7\n\tnode_count = 8 \n", func(f *File) error { return f.SetClusterAttribute("web", "node_count", "0") },
			"cluster:\n\tname = web\n\tnode_count = 7\n\tnode_count = 0 \n"},
		{"set an empty one", web + "node:\n cluster=web\n name=a\n\tip_port =\n", func(f *File) error { return f.SetNodeAttribute("web", "a", "ip_port", "1") },
			web + "node:\n cluster=web\n name=a\n\tip_port = 1\n"},
		{"set one with continuations", web + "node:\n cluster=web\n name=a\n\tip_port = 7\\\n8\n", func(f *File) error { return f.SetNodeAttribute("web", "a", "ip_port", "1") },
			web + "node:\n cluster=web\n name=a\n\tip_port = 1\n"},
		{"rename a node", web + "node:\n cluster=web\n name=a", func(f *File) error { return f.SetNodeAttribute("web", "a", "name", "b") },
			web + "node:\n cluster=web\n name=b"},
		{"add regions", web, func(f *File) error {
			return errors.Join(f.AddRegion("web", "A"), f.AddRegion("web", "B"))
		}, web + "\nheartbeat:\n\tcluster = web\n\tregion = A\n\nheartbeat:\n\tcluster = web\n\tregion = B\n\n"},
		{"remove a region", web + "\nheartbeat:\n\tcluster = web\n\tregion = A\n\nnode:\n", func(f *File) error { return f.RemoveRegion("web", "A") },
			web + "\nnode:\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _ := Parse("c", []byte(test.text))
			if err := test.edit(f); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != test.want {
				t.Errorf("after the edit:\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	text := web + "node:\n\tcluster = web\n\tname = a\nnode:\n\tcluster = web\n\tname = b\nheartbeat:\n\tcluster = web\n\tregion = A\ncluster:\n\tname = two\n"
	for _, test := range []struct {
		name string
		edit func(*File) error
		want error
	}{
		{"AddCluster", func(f *File) error { return f.AddCluster("web") }, ErrClusterExists},
		{"RemoveCluster", func(f *File) error { return f.RemoveCluster("x") }, ErrUnknownCluster},
		{"RenameCluster", func(f *File) error { return f.RenameCluster("x", "y") }, ErrUnknownCluster},
		{"RenameCluster to another", func(f *File) error { return f.RenameCluster("web", "two") }, ErrClusterExists},
		{"SetHeartbeatMode", func(f *File) error { return f.SetHeartbeatMode("x", "local") }, ErrUnknownCluster},
		{"AddNode to nothing", func(f *File) error { return f.AddNode("x", testNode("a", 0)) }, ErrUnknownCluster},
		{"AddNode", func(f *File) error { return f.AddNode("web", testNode("a", 0)) }, ErrNodeExists},
		{"RemoveNode of nothing", func(f *File) error { return f.RemoveNode("x", "a") }, ErrUnknownCluster},
		{"RemoveNode", func(f *File) error { return f.RemoveNode("web", "x") }, ErrUnknownNode},
		{"SetNodeAttribute", func(f *File) error { return f.SetNodeAttribute("web", "x", "number", "1") }, ErrUnknownNode},
		{"rename to another node", func(f *File) error { return f.SetNodeAttribute("web", "a", "name", "b") }, ErrNodeExists},
		{"AddRegion to nothing", func(f *File) error { return f.AddRegion("x", "A") }, ErrUnknownCluster},
		{"AddRegion", func(f *File) error { return f.AddRegion("web", "A") }, ErrRegionExists},
		{"RemoveRegion", func(f *File) error { return f.RemoveRegion("web", "B") }, ErrUnknownRegion},
		{"a NUL", func(f *File) error { return f.AddCluster("a\x00b") }, nil},
		{"a blank at the end", func(f *File) error { return f.SetNodeAttribute("web", "a", "number", "1 ") }, nil},
		{"a blank at the start", func(f *File) error { return f.AddRegion("web", " A") }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _ := Parse("c", []byte(text))
			var refused *EditError
			err := test.edit(f)
			if !errors.As(err, &refused) || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if string(f.Bytes()) != text {
				t.Error("the file changed")
			}
		})
	}
}

func TestNoEditOfWhatIsNotUnderstood(t *testing.T) {
	f, _ := Parse("c", []byte("cluster\n"))
	var invalid *InvalidError
	if err := f.AddCluster("web"); !errors.As(err, &invalid) {
		t.Errorf("AddCluster: %v", err)
	}
	f, _ = Parse("c", make([]byte, MaxSize+1))
	if err := f.AddCluster("web"); !errors.As(err, &invalid) {
		t.Errorf("AddCluster to a large file: %v", err)
	}
}

// TestFullClusterFromNothing builds the largest cluster with edits alone.
func TestFullClusterFromNothing(t *testing.T) {
	f, _ := Parse("c", nil)
	if err := f.AddCluster("web"); err != nil {
		t.Fatal(err)
	}
	for i := range cluster.MaxNodes {
		n := testNode("n"+strconv.Itoa(i), i)
		n.Address = netip.AddrFrom4([4]byte{10, 0, 1, byte(i)})
		if err := f.AddNode("web", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Findings().Err(); err != nil || len(f.Cluster("web").Nodes) != cluster.MaxNodes {
		t.Fatalf("%d nodes, %v", len(f.Cluster("web").Nodes), err)
	}
	if got, err := Format(f); err != nil || string(got) != string(f.Bytes()) {
		t.Errorf("what edits build is not canonical: %v\n%s", err, f.Bytes())
	}
}
