// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// One cluster serves the parts, for a heartbeat takes ten seconds to start. The
// last ones cost a node.
func TestThreeNodes(t *testing.T) {
	c := lab.Start(t, lab.Nodes(3), lab.Disk("data", "64M"))
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)
	for _, part := range []struct {
		name string
		test func(*testing.T, *lab.Cluster)
	}{
		{"same", testSame},
		{"settings", testSettings},
		{"list", testList},
		{"refused", testRefused},
		{"kill", testKill},
		{"power cut", testPowerCut},
		{"offline", testOffline},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c) }) {
			t.FailNow()
		}
	}
}

func testSame(t *testing.T, c *lab.Cluster) {
	allSame(t, c)
	n := c.Node(0)
	if r := status(t, n, "--no-peers"); r.Reason != "nobody was asked" {
		t.Errorf("with --no-peers: %+v", r)
	}
	text := n.MustRun(rig.Tool(t, "o2cb_ctl"), "status").Stdout
	if !strings.Contains(text, "node1  same configuration\n") || strings.Contains(text, "o2cb-peers") {
		t.Errorf("status says %s", text)
	}
	nobody := n.MustRun("setpriv", "--reuid=65534", "--clear-groups", rig.Tool(t, "o2cb_ctl"), "status").Stdout
	if !strings.Contains(nobody, "configuration unknown: only root may ask") {
		t.Errorf("status of nobody says %s", nobody)
	}
	if holders := n.MustShell("cd /dlm/o2cb-peers && ls").Stdout; holders != "here-0\nnode-0\n" {
		t.Errorf("after a status there are the locks %q", holders)
	}
}

// testSettings changes what the kernel lets change on a living cluster.
func testSettings(t *testing.T, c *lab.Cluster) {
	odd := c.Node(1)
	odd.MustShell("cd /sys/kernel/config/cluster/web && echo panic > fence_method && echo 1500 > reconnect_delay_ms")
	status(t, odd) // publishes
	for _, n := range []*lab.Node{c.Node(0), c.Node(2)} {
		r := status(t, n)
		if p := r.of("node1"); p.State != "differs" || len(p.Differences) != 2 || p.value("fence_method") != "panic" || p.value("reconnect_delay_ms") != "1500" {
			t.Errorf("%s says of node1 %+v", n.Name(), p)
		}
	}
	r := status(t, odd)
	for _, name := range []string{"node0", "node2"} {
		if p := r.of(name); p.State != "differs" || p.value("fence_method") != "reset" || p.value("reconnect_delay_ms") != "1000" {
			t.Errorf("node1 says of %s %+v", name, p)
		}
	}
	odd.MustShell("cd /sys/kernel/config/cluster/web && echo reset > fence_method && echo 1000 > reconnect_delay_ms")
	status(t, odd)
	allSame(t, c)
}

// ninth is a node that only one file has.
const ninth = "\nnode:\n\tcluster = web\n\tnumber = 9\n\tname = node9\n\tip_address = 10.9.0.9\n\tip_port = 7777\n"

// addNinth writes a file with one node more.
func addNinth(c *lab.Cluster, n *lab.Node) {
	text := strings.Replace(rig.Config(c), "node_count = 3", "node_count = 4", 1) + ninth
	n.WriteFile(rig.ConfigPath, []byte(text), 0o644)
}

// testList edits the file of one node, and then puts it into the kernel.
func testList(t *testing.T, c *lab.Cluster) {
	odd := c.Node(2)
	addNinth(c, odd)
	status(t, odd)
	for _, n := range []*lab.Node{c.Node(0), c.Node(1)} {
		if p := status(t, n).of("node2"); p.State != "differs" || len(p.Differences) != 1 || !strings.HasPrefix(p.value("file"), "not what runs") {
			t.Errorf("%s says of the edited file of node2 %+v", n.Name(), p)
		}
	}
	odd.MustRun(rig.Tool(t, "o2cb_ctl"), "online") // publishes by itself
	for _, n := range []*lab.Node{c.Node(0), c.Node(1)} {
		if p := status(t, n).of("node2"); p.State != "differs" || len(p.Differences) != 1 || !strings.HasPrefix(p.value("nodes"), "4 nodes") {
			t.Errorf("%s says of the node list of node2 %+v", n.Name(), p)
		}
	}
	r := status(t, odd)
	if p := r.of("node0"); p.State != "differs" || !strings.HasPrefix(p.value("nodes"), "3 nodes") {
		t.Errorf("node2 says of node0 %+v", p)
	}
	if p := r.of("node9"); p.State != "unknown" || !strings.Contains(p.Reason, "has published nothing") {
		t.Errorf("node2 says of the node that is not there %+v", p)
	}
}

// testRefused has a node with another list come anew: the kernel does not let it
// join any domain, and says so in its log only.
func testRefused(t *testing.T, c *lab.Cluster) {
	odd, tool := c.Node(2), rig.Tool(t, "o2cb_ctl")
	odd.MustRun(tool, "heartbeat", "stop", c.Disk(0))
	odd.MustRun(tool, "heartbeat", "start", c.Disk(0))
	if p := status(t, odd).of("node0"); p.State != "differs" || p.value("nodes") == "" {
		t.Errorf("the refused node says of node0 %+v", p)
	}
	p := status(t, c.Node(0)).of("node2")
	if p.State != "differs" || p.value("nodes") == "" || !strings.Contains(p.Reason, "Node 9 (10.9.0.9:7777) registered in joining node 2") {
		t.Errorf("node0 says of the refused node %+v", p)
	}
	odd.WriteFile(rig.ConfigPath, []byte(rig.Config(c)), 0o644)
	odd.MustRun(tool, "online") // takes node9 away again
	allSame(t, c)
}

// testKill kills status at some points of its way.
func testKill(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	for _, delay := range []string{"0.01", "0.05", "0.1", "0.15", "0.2", "0.3", "0.4"} {
		n.MustShell(rig.Tool(t, "o2cb_ctl") + " status > /dev/null & sleep " + delay + "; kill -9 $! || true; wait $! || true")
	}
	allSame(t, c)
	idle(t, n)
}

// idle waits until no process has the domain open or asks.
func idle(t testing.TB, n *lab.Node) {
	t.Helper()
	n.MustShell("until test -z \"$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep o2cb-peers)\" && flock -n /run/o2cb/peers true; do sleep 0.1; done")
}

// testPowerCut takes the node that asked last, and so has the locks.
func testPowerCut(t *testing.T, c *lab.Cluster) {
	n, dead := c.Node(0), c.Node(1)
	status(t, dead)
	dead.PowerOff()
	r := status(t, n)
	if p := r.of("node1"); p.State != "unknown" {
		t.Errorf("right after its death node0 says of node1 %+v", p)
	}
	t.Logf("right after the power cut: %+v", r)
	r = eventually(t, n, "node1 has left, node2 is the same", func(r report) bool {
		return strings.Contains(r.of("node1").Reason, "has published nothing") && r.of("node2").State == "same"
	})
	if !r.Published {
		t.Errorf("after the recovery %+v", r)
	}
	idle(t, n)

	dead.Boot()
	dead.WriteFile(rig.ConfigPath, []byte(rig.Config(c)), 0o644)
	dead.MustRun(rig.Tool(t, "o2cb_ctl"), "online")
	rig.Hasten(dead)
	dead.MustRun(rig.Tool(t, "o2cb_ctl"), "heartbeat", "start", c.Disk(0))
	allSame(t, c)
}

// testOffline takes down all there is, although the domain is joined.
func testOffline(t *testing.T, c *lab.Cluster) {
	tool := rig.Tool(t, "o2cb_ctl")
	for _, n := range c.Nodes() {
		if names := n.MustRun("ls", "/dlm").Stdout; names != "o2cb-peers\n" {
			t.Errorf("%s is in the domains %q", n.Name(), names)
		}
		n.MustRun(tool, "heartbeat", "stop", c.Disk(0))
		n.MustRun(tool, "offline")
		n.MustRun(tool, "unload")
	}
}

// TestTimeouts has a node with another dead threshold from the start: the kernels
// do not connect, and nobody can join a domain.
func TestTimeouts(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "64M"))
	rig.Online(t, c)
	c.Node(1).MustShell("echo 7 > /sys/kernel/config/cluster/web/heartbeat/dead_threshold")
	rig.Format(c)
	rig.Heartbeat(t, c)
	for i, want := range []string{"7", "5"} {
		other := c.Node(1 - i).Name()
		r := eventually(t, c.Node(i), other+" differs", func(r report) bool { return r.of(other).State == "differs" })
		if got := r.of(other).value("dead_threshold"); got != want {
			t.Errorf("%s says that the dead_threshold of %s is %q, want %s: %+v", c.Node(i).Name(), other, got, want, r)
		}
	}
}

// TestUnguarded has only a volume that Debian's tools mount in local mode. The
// kernel stops the heartbeat at umount through the C program, which leaves no
// domain: so this node must not be in one.
func TestUnguarded(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	rig.Online(t, c)
	rig.Format(c)
	if r := status(t, n); r.Published || !strings.Contains(r.Reason, "no heartbeat runs") {
		t.Errorf("without a heartbeat: %+v", r)
	}
	n.MustShell("mkdir -p /mnt/v && mount.ocfs2 " + c.Disk(0) + " /mnt/v")
	if r := status(t, n); r.Published || !strings.Contains(r.Reason, "hb_ctl_path") {
		t.Errorf("with the C program: %+v", r)
	}
	inDomain(t, n, false)

	n.MustRun(rig.Tool(t, "o2cb_ctl"), "heartbeat", "start", c.Disk(0))
	inDomain(t, n, true)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "heartbeat", "stop", c.Disk(0)) // the mount's user remains
	inDomain(t, n, false)

	n.MustShell("echo " + rig.Tool(t, "ocfs2_hb_ctl") + " > /proc/sys/fs/ocfs2/nm/hb_ctl_path")
	if r := status(t, n); !r.Published {
		t.Errorf("with our program: %+v", r)
	}
	inDomain(t, n, true)
	n.MustRun("umount", "/mnt/v")
	inDomain(t, n, false)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "offline")
}

func inDomain(t testing.TB, n *lab.Node, want bool) {
	t.Helper()
	if got := n.MustRun("ls", "/dlm").Stdout == "o2cb-peers\n"; got != want {
		t.Fatalf("in the domain: %v, want %v", got, want)
	}
}
