// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

// TestThirdNode lets a third node join a running two-node cluster by apply on
// each node, while a volume is written to on both and a lock is held: nothing is
// interrupted. Then it is removed again.
func TestThirdNode(t *testing.T) {
	c := lab.Start(t, lab.Nodes(3), lab.Disk("data", "128M"))
	tool := rig.Tool(t, "o2cb_ctl")
	first, second, third := c.Node(0), c.Node(1), c.Node(2)
	pair := []*lab.Node{first, second}
	for _, n := range pair {
		n.WriteFile(rig.ConfigPath, []byte(config(2)), 0o644)
		n.MustRun(tool, "apply", "--yes")
		rig.Hasten(n)
	}
	rig.Format(c)
	mount(t, c, first, second)
	holder := first.Start(lab.Command{Args: []string{tool, "lock", "live", "res", "--", "sh", "-c", "echo held; exec sleep 1000"}})
	holder.WaitLine("held")
	var writers []*lab.Process
	for _, n := range pair {
		w := n.StartSelf("append", "/mnt/volume/"+n.Name(), "/root/stop")
		w.WaitLine("writing")
		writers = append(writers, w)
	}

	for _, n := range c.Nodes() {
		n.WriteFile(rig.ConfigPath, []byte(config(3)), 0o644)
		r := n.Run(tool, "apply", "--yes")
		if r.Status != 0 {
			t.Fatalf("apply on %s: %s", n.Name(), r.Stderr)
		}
	}
	rig.Hasten(third)
	mount(t, c, third)
	third.MustShell("echo hello > /mnt/volume/third; sync")
	if got := first.MustRun("cat", "/mnt/volume/third").Stdout; got != "hello\n" {
		t.Errorf("the first node reads %q", got)
	}
	// The lock that is held on the first node is one for the third, too.
	if r := third.Run(tool, "lock", "--nonblock", "--grace", "0", "-E", "75", "live", "res", "--", "true"); r.Status != 75 {
		t.Errorf("the third node tries for the lock that the first one holds: status %d, want 75 for busy: %s", r.Status, r.Stderr)
	}
	if r := third.Run(tool, "apply", "--yes"); r.Status != 0 || !strings.Contains(r.Stdout, "nothing changed") {
		t.Errorf("apply again: %s%s", r.Stdout, r.Stderr)
	}

	third.MustRun("umount", "/mnt/volume")
	third.MustRun(tool, "offline")
	for _, n := range pair {
		n.WriteFile(rig.ConfigPath, []byte(config(2)), 0o644)
		remove(t, n)
		if now := tree(n); strings.Contains(now, "node2") {
			t.Errorf("on %s the third node is still there:\n%s", n.Name(), now)
		}
	}
	for i, n := range pair {
		n.MustShell("touch /root/stop")
		if r := writers[i].Wait(); r.Status != 0 || !strings.Contains(r.Stdout, "wrote ") {
			t.Errorf("the writer on %s: status %d: %s%s", n.Name(), r.Status, r.Stdout, r.Stderr)
		}
	}
	select {
	case <-holder.Done():
		t.Errorf("the holder of the lock ended: %s", holder.Stderr())
	default:
	}
	holder.Kill(unix.SIGTERM)
	holder.Wait()
	for _, n := range pair {
		n.MustRun("umount", "/mnt/volume")
		n.MustRun(tool, "offline")
		n.MustRun(tool, "unload")
	}
}

// mount mounts the volume on nodes side by side, with Debian's tool.
func mount(t testing.TB, c *lab.Cluster, nodes ...*lab.Node) {
	t.Helper()
	var mounts []*lab.Process
	for _, n := range nodes {
		mounts = append(mounts, n.Start(lab.Command{Args: []string{"sh", "-c", "mkdir -p /mnt/volume && mount.ocfs2 " + c.Disk(0) + " /mnt/volume"}}))
	}
	for i, m := range mounts {
		if r := m.Wait(); r.Status != 0 {
			t.Fatalf("mount on %s: %s", nodes[i].Name(), r.Stderr)
		}
	}
}

// remove applies a file that lacks a node which has just left. The kernel keeps
// the node until it has been silent for the dead time.
func remove(t testing.TB, n *lab.Node) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		r := n.Run(rig.Tool(t, "o2cb_ctl"), "apply", "--yes")
		if r.Status == 0 {
			return
		}
		if !strings.Contains(r.Stderr, "EBUSY") && !strings.Contains(r.Stderr, "busy") || time.Now().After(deadline) {
			t.Fatalf("removing the node on %s: %s", n.Name(), r.Stderr)
		}
	}
}
