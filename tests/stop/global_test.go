// SPDX-License-Identifier: Apache-2.0

package stop

import (
	"fmt"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestStopGlobal is force in global mode, where the heartbeat ends with the cluster
// and not with its users.
func TestStopGlobal(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	rig.Configure(c)
	n.MustShell("mkfs.ocfs2 -F -q -x -J size=4M --cluster-stack=o2cb --cluster-name=" + rig.Name + " --global-heartbeat " + c.Disk(0) + " </dev/null")
	v, err := volume.Open(c.DiskFile(0))
	if err != nil {
		t.Fatal(err)
	}
	n.MustRun(rig.Tool(t, "o2cb"), "heartbeat-mode", rig.Name, "global")
	n.MustRun(rig.Tool(t, "o2cb"), "add-heartbeat", rig.Name, v.UUID)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "online")
	n.MustShell("mkdir -p " + mountPoint + " && mount -t ocfs2 " + c.Disk(0) + " " + mountPoint + " && mkdir /dlm/dom")
	gentle := startUser(t, n, "polite", mountPoint+"/file")
	hears := startUser(t, n, "listener", "/dlm/dom/asked")
	refused(t, n, []string{"offline"}, []string{fmt.Sprintf("process %d (polite; open file)", gentle.pid), fmt.Sprintf("process %d (listener) with lock asked", hears.pid)})

	r := tool(t, n, "offline", "--force", "--grace", "10m")
	if r.Status != 0 {
		t.Fatalf("status %d: %s%s", r.Status, r.Stderr, r.Stdout)
	}
	inOrder(t, r.Stdout,
		fmt.Sprintf("ask process %d (listener), which has lock asked of domain dom, and wait up to 5m0s\n", hears.pid),
		fmt.Sprintf("terminate process %d (polite), which has an open file on %s, and wait up to 10m0s\n", gentle.pid, mountPoint),
		"unmount "+mountPoint+"\n",
		"leave lock domain dom\n",
		v.UUID,
		"Cluster web is offline\n")
	if r := gentle.Wait(); r.Status != 0 {
		t.Errorf("gentle ended with %d after %q", r.Status, r.Stdout)
	}
	if left := n.MustShell(`ls /sys/kernel/config/cluster; ipcs -s | grep ^0x || true`).Stdout; left != "" {
		t.Errorf("left is %q", left)
	}
	hears.end()
}
