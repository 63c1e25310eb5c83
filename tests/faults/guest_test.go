// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

const (
	configfs = "/sys/kernel/config"
	clusters = configfs + "/cluster"
)

// machine is a guest with a cluster.conf of two nodes, itself and one that is not
// there.
type machine struct {
	*lab.Node
	tb   testing.TB
	tool string // o2cb_ctl
	o2cb string
}

// config has node1 besides the guest; a test may change it.
const config = `cluster:
	name = web
	node_count = 2

node:
	name = node0
	cluster = web
	number = 0
	ip_address = 10.9.0.1
	ip_port = 7777

node:
	name = node1
	cluster = web
	number = 1
	ip_address = 10.9.0.2
	ip_port = 7777
`

func boot(t testing.TB, options ...lab.Option) machine {
	t.Helper()
	c := lab.Start(t, append(options, lab.Nodes(1))...)
	m := machine{Node: c.Node(0), tb: t, tool: rig.Tool(t, "o2cb_ctl"), o2cb: rig.Tool(t, "o2cb")}
	m.WriteFile(rig.ConfigPath, []byte(config), 0o644)
	return m
}

// snapshot is the kernel's cluster with all values and the configuration with its
// modes. It does not depend on the cluster being there.
func (m machine) snapshot() string {
	m.tb.Helper()
	return m.MustShell(`find ` + clusters + ` /etc/ocfs2 ! -name '*.lock' -printf '%M %p\n' 2>/dev/null | sort
		grep -rs '' ` + clusters + ` | sort; cat /etc/ocfs2/cluster.conf`).Stdout
}

// refuse runs a shell command that must fail with one line that has all the parts,
// and leave everything as it is.
func (m machine) refuse(command string, parts ...string) {
	m.tb.Helper()
	before := m.snapshot()
	r := m.Shell(command)
	if r.Status == 0 {
		m.tb.Errorf("%s: it succeeded: %s", command, r.Stdout)
	}
	if strings.Count(r.Stderr, "\n") != 1 {
		m.tb.Errorf("%s: not one line: %q", command, r.Stderr)
	}
	for _, part := range parts {
		if !strings.Contains(r.Stderr, part) {
			m.tb.Errorf("%s: the message lacks %q: %s", command, part, r.Stderr)
		}
	}
	same(m.tb, command, m.snapshot(), before)
}

// same compares two texts of lines, and shows those that only one of them has.
func same(t testing.TB, after, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	only := func(a, b string) (lines []string) {
		for line := range strings.Lines(a) {
			if !strings.Contains("\n"+b, "\n"+line) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	t.Errorf("after %s there is %q, and is not %q", after, only(got, want), only(want, got))
}

// whole makes sure that nothing is half done.
func (m machine) whole() {
	m.tb.Helper()
	r := m.Run(m.tool, "status", "--json")
	if !strings.Contains(r.Stdout, `"interrupted": null`) {
		m.tb.Errorf("something is half done, or status fails: %s%s", r.Stdout, r.Stderr)
	}
}

// addNode is a command that changes the file and the kernel.
func (m machine) addNode() string {
	return m.tool + " -C -i -n node2 -t node -a cluster=web -a number=2 -a ip_address=10.9.0.3 -a ip_port=7777"
}
