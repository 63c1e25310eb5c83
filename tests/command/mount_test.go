// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// state is what load must not leave behind: modules and mounts, as the kernel lists them.
const state = `cut -d' ' -f1 /proc/modules | sort; cut -d' ' -f5,9- /proc/self/mountinfo | sort; ls -d /dlm 2>&1 || true`

// TestMountBesideDebian goes the whole way on two nodes, with Debian's mkfs,
// mount and o2cb as the peers, and back to where it began.
func TestMountBesideDebian(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "128M"))
	o2cbCtl := rig.Tool(t, "o2cb_ctl")
	rig.Configure(c)
	before := make([]string, 2)
	for i, n := range c.Nodes() {
		before[i] = n.MustShell(state).Stdout
		n.MustRun(o2cbCtl, "load")
		online(t, n, "Cluster web is online\n")
		want(t, n.Run("o2cb", "cluster-status"), 0, "Cluster 'web' is online")
		rig.Hasten(n)
	}
	rig.Format(c)
	mountAll(t, c)

	c.Node(0).MustShell("echo written on node0 > /mnt/file && sync")
	want(t, c.Node(1).Run("cat", "/mnt/file"), 0, "written on node0")

	for _, n := range c.Nodes() {
		again := n.MustRun(o2cbCtl, "online", rig.Name)
		if again.Stdout != "Cluster web is online already: nothing changed\n" {
			t.Errorf("a second online on %s says %q", n.Name(), again.Stdout)
		}
	}
	r := c.Node(0).Run(o2cbCtl, "offline")
	want(t, r, 1, "")
	if !strings.Contains(r.Stderr, "/mnt") || !strings.Contains(r.Stderr, "umount") {
		t.Errorf("offline below a mount does not name it and what to type: %q", r.Stderr)
	}
	want(t, c.Node(0).Run("o2cb", "cluster-status"), 0, "Cluster 'web' is online")
	want(t, c.Node(0).Run("cat", "/mnt/file"), 0, "written on node0")

	for i, n := range c.Nodes() {
		n.MustRun("umount", "/mnt")
		n.MustRun(o2cbCtl, "offline")
		want(t, n.Run("o2cb", "cluster-status"), 1, "offline")
		n.MustRun(o2cbCtl, "unload")
		if after := n.MustShell(state).Stdout; after != before[i] {
			t.Errorf("%s before load:\n%s\nafter unload:\n%s", n.Name(), before[i], after)
		}
	}
}

// mountAll mounts the volume on all nodes side by side, by Debian's mount.ocfs2,
// which starts the heartbeat.
func mountAll(t *testing.T, c *lab.Cluster) {
	t.Helper()
	mounts := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		mounts[i] = n.Start(lab.Command{Args: []string{"mount", "-t", "ocfs2", c.Disk(0), "/mnt"}})
	}
	for i, p := range mounts {
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("mount on %s: status %d: %s", c.Node(i).Name(), r.Status, r.Stderr)
		}
	}
}

// online brings a node online and compares the last line of what it says.
func online(t *testing.T, n *lab.Node, last string) {
	t.Helper()
	r := n.MustRun(rig.Tool(t, "o2cb_ctl"), "online", rig.Name)
	if !strings.HasSuffix(r.Stdout, last) {
		t.Errorf("online on %s ends with %q, want %q", n.Name(), r.Stdout, last)
	}
}

// want compares a command's status and looks for a part of its output.
func want(t *testing.T, r lab.Result, status int, part string) {
	t.Helper()
	if r.Status != status || !strings.Contains(r.Stdout, part) {
		t.Errorf("status %d, output %q, errors %q; want status %d and %q", r.Status, r.Stdout, r.Stderr, status, part)
	}
}
