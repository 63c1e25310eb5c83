// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestGlobal has global heartbeat, in which the kernel keeps the heartbeat of a
// node that is in a domain: any tool may be the one of umount. What the domain
// keeps of the regions it gives up when they are changed.
func TestGlobal(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("one", "16M"), lab.Disk("two", "16M"))
	tool := rig.Tool(t, "o2cb_ctl")
	text := strings.Replace(rig.Config(c), "cluster:\n", "cluster:\n\theartbeat_mode = global\n", 1)
	for i := range 2 {
		c.Node(0).MustShell("mkfs.ocfs2 -F -q -x --cluster-stack=o2cb --cluster-name=web --global-heartbeat -H " + c.Disk(i) + " </dev/null")
		v, err := volume.Open(c.DiskFile(i))
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("\nheartbeat:\n\tcluster = web\n\tregion = %s\n", v.UUID)
	}
	rig.Load(t, c)
	for _, n := range c.Nodes() {
		n.WriteFile(rig.ConfigPath, []byte(text), 0o644)
		n.MustRun(rig.Tool(t, "o2cb"), "register-cluster", rig.Name)
		rig.Hasten(n)
	}
	starts := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		starts[i] = n.Start(lab.Command{Args: []string{tool, "apply", "--yes"}})
	}
	for _, p := range starts {
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("apply: %+v", r)
		}
	}
	allSame(t, c)
	odd := c.Node(1)
	fewer := text[:strings.LastIndex(text, "\nheartbeat:")]
	odd.WriteFile(rig.ConfigPath, []byte(fewer), 0o644)
	odd.MustRun(tool, "apply", "--yes")
	// The kernel compares the regions of those that join.
	if p := status(t, c.Node(0)).of("node1"); p.State != "differs" || p.value("regions") == "" {
		t.Errorf("node0 says of the regions of node1 %+v", p)
	}
	if p := status(t, odd).of("node0"); p.State != "differs" || p.value("regions") == "" {
		t.Errorf("node1 says of the regions of node0 %+v", p)
	}
	odd.WriteFile(rig.ConfigPath, []byte(text), 0o644)
	odd.MustRun(tool, "apply", "--yes")
	allSame(t, c)
	for _, n := range c.Nodes() {
		n.MustRun(tool, "offline")
		n.MustRun(tool, "unload")
	}
}
