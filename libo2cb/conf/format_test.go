// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// canonical is what the C tools write for untidy.
const canonical = `cluster:
	name = web
	heartbeat_mode = global
	node_count = 1

cluster:
	name = a\
   b
	heartbeat_mode = local
	node_count = 1

heartbeat:
	cluster = web
	region = ab

heartbeat:
	cluster = web
	region = ab\\\
b

node:
	cluster = web
	number = 10
	ip_port = 7777
	ip_address = 10.0.0.1
	name = a

`

const untidy = `node:
	name = a
	cluster = web
	number = 010
	ip_address = 10.0.0.1
	ip_port = +7777

cluster:
 name=web
 node_count=01
 heartbeat_mode=GLOBAL
heartbeat:
 region= ab
 cluster = web
cluster:
 name=a\
   b ` + `
 node_count=01
heartbeat:
 region= ab\\\
b
 cluster = web
`

func TestFormat(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"blank lines", "\n\n\n", ""},
		{"as the C tools write", untidy, canonical},
		{"comments", `# top

# of the node
node:
# below the head
	name = a
# of the number
	number = 0
	cluster = web
	ip_address = 10.0.0.1
	ip_port = 7777
# the last of the node

# free one
# two

# free three

# of the cluster
cluster:
	node_count = 1
	name = web
# bottom of the cluster

# bottom
`, `# top

# free one
# two

# free three

# of the cluster
cluster:
	name = web
	heartbeat_mode = local
	node_count = 1
# bottom of the cluster

# of the node
node:
# below the head
	cluster = web
# of the number
	number = 0
	ip_port = 7777
	ip_address = 10.0.0.1
	name = a
# the last of the node

# bottom

`},
		{"only comments", "#a", "#a\n\n"},
		{"what nothing reads comes last", "router:\n b=1\n a=2\n b=3\nnode:\n x=1\n cluster=nope\n name=n\ncluster:\n y=\n name=web\n node_count=0\n",
			"cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\ty =\n\nnode:\n\tcluster = nope\n\tname = n\n\tx = 1\n\nrouter:\n\tb = 1\n\ta = 2\n\tb = 3\n\n"},
		{"the one that counts stays", "cluster:\n\tname = old\n# new\n\tname = web\n\tnode_count = 0\n",
			"cluster:\n# new\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\n"},
		{"a backslash at the end joins no line", "cluster:\n\tname = w\\ \n\tnode_count = 0\n",
			"cluster:\n\tname = w\\ \n\theartbeat_mode = local\n\tnode_count = 0\n\n"},
		{"NUL padding goes", web + "\x00\x00", "cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\n"},
		{"what nothing reads stays as it is", "router:\n number = 007\n heartbeat_mode = GLOBAL\ncluster:\n name = web\n node_count = 0\n number = 007\nnode:\n name = n\n node_count = 007\n",
			"cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\tnumber = 007\n\nnode:\n\tname = n\n\tnode_count = 007\n\nrouter:\n\tnumber = 007\n\theartbeat_mode = GLOBAL\n\n"},
		{"what is no number stays", "cluster:\n\tname = web\n\tnode_count = many\n",
			"cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = many\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _ := Parse("c", []byte(test.text))
			got, err := Format(f)
			if err != nil || string(got) != test.want {
				t.Fatalf("Format: %v\n%s\nwant\n%s", err, got, test.want)
			}
			if string(f.Bytes()) != test.text {
				t.Error("Format changed the file")
			}
			if err := f.Format(); err != nil || string(f.Bytes()) != test.want {
				t.Errorf("File.Format: %v, %q", err, f.Bytes())
			}
			if again, err := Format(f); err != nil || string(again) != test.want {
				t.Errorf("formatted again: %v\n%s", err, again)
			}
		})
	}
}

func TestFormatRefusesWhatItWouldLose(t *testing.T) {
	for _, text := range []string{"cluster\n", "\tname = x\n", web + "\x00node:\n", "\xff"} {
		f, _ := Parse("c", []byte(text))
		var invalid *InvalidError
		if _, err := Format(f); !errors.As(err, &invalid) {
			t.Errorf("Format of %q: %v", text, err)
		}
		if err := f.Format(); err == nil || string(f.Bytes()) != text {
			t.Errorf("File.Format of %q: %v, %q", text, err, f.Bytes())
		}
	}
}

// TestFormatChecksTheMeaning gives the check what a faulty formatter would.
func TestFormatChecksTheMeaning(t *testing.T) {
	f, _ := Parse("c", []byte(untidy))
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"the same", canonical, nil},
		{"another number", strings.Replace(canonical, "number = 10", "number = 11", 1), ErrMeaning},
		{"a node less", canonical[:strings.Index(canonical, "node:")], ErrMeaning},
		{"broken", canonical + "x", ErrMeaning},
		{"too large", canonical + strings.Repeat("#\n", MaxSize/2), ErrTooLarge},
	} {
		formatted, _ := Parse("c", []byte(test.text))
		if err := sameMeaning(f, formatted); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// TestFormatRefusesToGrowTooLarge formats a file whose tabs and blanks would not fit.
func TestFormatRefusesToGrowTooLarge(t *testing.T) {
	text := "x:\n" + strings.Repeat(" a=1\n", MaxSize/6)
	f, _ := Parse("c", []byte(text))
	if err := f.Format(); !errors.Is(err, ErrTooLarge) || string(f.Bytes()) != text {
		t.Errorf("%d bytes: %v", len(f.Bytes()), err)
	}
}

// TestLargeFiles reads and formats the largest files that are allowed, each of one
// kind of thing. With work that grows as the square of the size it would take minutes.
func TestLargeFiles(t *testing.T) {
	attributes := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "\ta%d = 1\n", i)
		}
		return text.String()
	}
	nodes := func(n int) string {
		return strings.Repeat("node:\n\tcluster = web\n\tname = a\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 7\n\n", n)
	}
	one := strings.TrimSuffix(nodes(1), "\n")
	for _, test := range []struct{ name, text string }{
		{"attributes", one + attributes(80000)},
		{"one attribute", one + strings.Repeat("\tname = a\n", 90000)},
		{"comments in a stanza", one + strings.Repeat("#\n", 450000) + "\tx = 1\n"},
		{"comments in a block", strings.Repeat("#\n", 450000) + "\n" + one},
		{"duplicates of a node of many attributes", one + attributes(40000) + "\n" + nodes(5000)},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := web + "\n" + test.text
			if size := len(text); size > MaxSize-32 || size < MaxSize/2 {
				t.Fatalf("%d bytes, which shows nothing", size)
			}
			f, _ := Parse("c", []byte(text))
			if formatted, err := Format(f); err != nil || len(formatted) == 0 {
				t.Errorf("%d bytes, %v", len(formatted), err)
			}
		})
	}
}
