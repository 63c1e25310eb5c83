// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

// hold opens a file until it is killed.
func hold(args []string) int {
	f, err := os.OpenFile(args[0], os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return answer("", err)
	}
	defer f.Close()
	fmt.Printf("holding %d\n", os.Getpid())
	time.Sleep(time.Hour) // select {} is a deadlock to a program without cgo
	return 0
}

// TestLivingCluster has a volume mounted by Debian's tools on both nodes and a lock
// held; what a living cluster refuses; and then the users go one after the other.
func TestLivingCluster(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "64M"))
	configure(t, c)
	n := c.Node(0)
	before := surroundings(t, n)
	for _, node := range c.Nodes() {
		ask[json.RawMessage](t, node, "online")
	}
	makeVolume(t, c)
	mountAll(t, c)
	n.MustRun("mkdir", "/dlm/dom")
	holder := n.StartSelf("hold", "/dlm/dom/res")
	var pid int
	if _, err := fmt.Sscanf(holder.WaitLine("holding"), "holding %d", &pid); err != nil {
		t.Fatal(err)
	}
	tree := configTree(t, n)

	st := ask[libo2cb.Status](t, n, "status")
	if len(st.Mounts) != 1 || st.Mounts[0].Target != "/mnt/volume" || st.Mounts[0].Source != c.Disk(0) {
		t.Errorf("status has the mounts %v", st.Mounts)
	}
	if len(st.Domains) != 1 || st.Domains[0].Name != "dom" || len(st.Domains[0].Holders) != 1 || st.Domains[0].Holders[0].PID != pid ||
		st.Domains[0].Holders[0].Resource != "res" {
		t.Errorf("status has the domains %+v, want process %d", st.Domains, pid)
	}
	if len(st.Cluster.Regions) != 1 || st.Cluster.Regions[0].Device != "ubda" || st.Cluster.Regions[0].PID == 0 {
		t.Errorf("status has the regions %+v", st.Cluster.Regions)
	}

	says(t, refuse(t, n, "offline"), "cluster web is in use", c.Disk(0)+" is mounted on /mnt/volume", "umount /mnt/volume",
		"lock domain dom", fmt.Sprintf("process %d", pid), "lock res")
	says(t, refuse(t, n, "unload"), "mounted on /mnt/volume", "lock domain dom", "cluster web")
	same(t, "after the refusals", configTree(t, n), tree)
	if holder.Stdout() != fmt.Sprintf("holding %d\n", pid) {
		t.Errorf("the holder was disturbed: %q", holder.Stdout())
	}
	select {
	case <-holder.Done():
		t.Error("the holder was stopped")
	default:
	}

	checkRefusals(t, n, "living")
	checkLiveChanges(t, n)

	holder.Kill(unix.SIGKILL)
	holder.Wait()
	says(t, refuse(t, n, "offline"), "mounted on /mnt/volume")
	if names := n.MustRun("ls", "/dlm").Stdout; names != "dom\n" {
		t.Errorf("a refused offline left the idle domain; there is %q", names)
	}
	// A region of which the volume is gone, as after the helper of umount was missing.
	n.MustShell("echo /nowhere > /proc/sys/fs/ocfs2/nm/hb_ctl_path; umount /mnt/volume")
	region := st.Cluster.Regions[0].Name
	says(t, refuse(t, n, "offline"), "heartbeat runs in region "+region+" on ubda", "o2cb_ctl heartbeat stop "+region)
	n.MustShell("rmdir " + mountPoint + "/cluster/web/heartbeat/" + region)

	down := ask[libo2cb.Report](t, n, "offline")
	if len(down.Steps) != 3 || !slices.Equal(down.Left, []string{"dom"}) || down.Online {
		t.Errorf("offline did %+v", down)
	}
	ask[stack.Unloaded](t, n, "unload")
	same(t, "after unload", surroundings(t, n), before)
}

// checkLiveChanges changes the configuration of a living cluster: a new node
// comes and goes, the local one stays.
func checkLiveChanges(t *testing.T, n *lab.Node) {
	t.Helper()
	tree := configTree(t, n)
	file := n.Pull(configFile)
	n.MustShell("sed -i 's/number = 0/number = 9/' " + configFile)
	says(t, refuse(t, n, "online"), "needs to be offline", "remove node node0, number 0", "add node node0, number 9", "o2cb_ctl offline web")
	same(t, "after the refused change", configTree(t, n), tree)

	n.WriteFile(configFile, file, 0o644)
	n.MustShell(`
		sed -i 's/node_count = 2/node_count = 3/' ` + configFile + `
		printf 'node:\n\tname = node2\n\tcluster = web\n\tnumber = 2\n\tip_address = 10.9.0.3\n\tip_port = 7777\n\n' >> ` + configFile)
	if up := ask[libo2cb.Report](t, n, "online"); len(up.Steps) != 1 || up.Steps[0].Node == nil || up.Steps[0].Node.Name != "node2" {
		t.Errorf("adding a node to the living cluster did %+v", up)
	}
	n.WriteFile(configFile, file, 0o644)
	if up := ask[libo2cb.Report](t, n, "online"); len(up.Steps) != 1 {
		t.Errorf("removing it again did %+v", up)
	}
	same(t, "after node2 came and went", configTree(t, n), tree)
}
