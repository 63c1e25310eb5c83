// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestUpAndDown is the life of a cluster without volumes: two nodes, one file.
func TestUpAndDown(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2))
	configure(t, c)
	for _, n := range c.Nodes() {
		before := surroundings(t, n)
		idle := ask[libo2cb.Status](t, n, "status")
		if idle.Online || idle.Cluster != nil || len(idle.Stack.Modules) != 0 {
			t.Errorf("status of a bare machine: %+v", idle)
		}
		same(t, "after status", surroundings(t, n), before)

		loaded := ask[[]stack.Action](t, n, "load")
		if done := doneOf(loaded); len(done) == 0 {
			t.Errorf("load did nothing: %v", loaded)
		}
		loaded = ask[[]stack.Action](t, n, "load")
		if done := doneOf(loaded); len(done) != 0 {
			t.Errorf("a second load did %v", done)
		}
		empty := configTree(t, n)

		up := ask[libo2cb.Report](t, n, "online")
		if !up.Changed() || up.Cluster != "web" || up.LocalNode != n.Name() || len(up.Steps) != 4 {
			t.Errorf("online reports %+v, want cluster, mode and two nodes", up)
		}
		if peer := n.Run("o2cb", "cluster-status"); peer.Status != 0 || peer.Stdout != "Cluster 'web' is online\n" {
			t.Errorf("the C tool says %d %q %q", peer.Status, peer.Stdout, peer.Stderr)
		}
		checkStatus(t, c, n)
		tree := configTree(t, n)
		up = ask[libo2cb.Report](t, n, "online")
		if up.Changed() {
			t.Errorf("a second online did %+v", up)
		}
		same(t, "after a second online", configTree(t, n), tree)
		says(t, refuse(t, n, "unload"), "cluster web is online", "o2cb_ctl offline web")

		down := ask[libo2cb.Report](t, n, "offline")
		if len(down.Steps) != 3 || down.Cluster != "web" {
			t.Errorf("offline reports %+v, want two nodes and the cluster", down)
		}
		same(t, "after offline", configTree(t, n), empty)
		if peer := n.Run("o2cb", "cluster-status"); peer.Status != 1 {
			t.Errorf("after offline the C tool says %d %q", peer.Status, peer.Stdout)
		}
		down = ask[libo2cb.Report](t, n, "offline")
		gone := ask[stack.Unloaded](t, n, "unload")
		if !gone.Recorded {
			t.Errorf("unload did not know what load had found: %+v", gone)
		}
		same(t, "after unload", surroundings(t, n), before)
		gone = ask[stack.Unloaded](t, n, "unload")
		if len(gone.Actions) != 0 {
			t.Errorf("a second unload did %v", gone.Actions)
		}
		same(t, "after a second unload", surroundings(t, n), before)
	}
}

func doneOf(actions []stack.Action) []stack.Action {
	var done []stack.Action
	for _, a := range actions {
		if !a.Already {
			done = append(done, a)
		}
	}
	return done
}

// checkStatus compares the status of n with the lab.
func checkStatus(t *testing.T, c *lab.Cluster, n *lab.Node) {
	t.Helper()
	st := ask[libo2cb.Status](t, n, "status")
	if !st.Online || !st.Stack.Ready() || st.Cluster == nil || st.Cluster.Name != "web" || len(st.Cluster.Nodes) != len(c.Nodes()) {
		t.Fatalf("status of %s: %+v", n.Name(), st)
	}
	for i, node := range st.Cluster.Nodes {
		lab := c.Node(i)
		if node.Name != lab.Name() || node.Number != i || node.Address.String() != lab.Addr() || node.Port != 7777 || node.Local != (lab == n) {
			t.Errorf("%s sees node %d as %+v", n.Name(), i, node)
		}
	}
	want := libo2cb.Timing{IdleTimeoutMS: 30000, KeepaliveDelayMS: 2000, ReconnectDelayMS: 2000, DeadThreshold: 31, DeadTimeS: 60, FenceMethod: "reset"}
	if st.Cluster.Timing != want {
		t.Errorf("timing %+v, want %+v", st.Cluster.Timing, want)
	}
	if r := n.Run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", "/sys/kernel/config/cluster/web/node/"+n.Name()+"/num"); r.Status != 0 {
		t.Errorf("reading without privilege: %s", r.Stderr)
	}
}

// TestUnloadAfterTheInitScript loads by Debian's script, of which we have no record.
func TestUnloadAfterTheInitScript(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	n.MustShell("modprobe configfs && modprobe ocfs2_stackglue && mount -t configfs none /sys/kernel/config")
	before := surroundings(t, n)
	n.MustRun("/etc/init.d/o2cb", "load")
	gone := ask[stack.Unloaded](t, n, "unload")
	if gone.Recorded || len(gone.Actions) == 0 {
		t.Errorf("unload reports %+v, want actions without a record", gone)
	}
	// The script never removes configfs and its mount; they were there here anyway,
	// and the directory of dlmfs stays as it does with the script.
	n.MustRun("rmdir", "/dlm")
	n.MustRun("modprobe", "ocfs2_stackglue")
	same(t, "after unload", surroundings(t, n), before)
}

// TestUnloadKeepsWhatWasThere starts from a machine where half of the stack is
// there: that half stays.
func TestUnloadKeepsWhatWasThere(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	n.MustShell(`
		modprobe ocfs2_nodemanager && modprobe ocfs2_stack_user && mkdir /dlm
		mount -t configfs none /sys/kernel/config && echo pcmk > /sys/fs/ocfs2/cluster_stack
	`)
	before := surroundings(t, n)
	ask[[]stack.Action](t, n, "load")
	if label := n.MustRun("cat", "/sys/fs/ocfs2/cluster_stack").Stdout; label != "o2cb\n" {
		t.Errorf("load selected %q", label)
	}
	ask[stack.Unloaded](t, n, "unload")
	same(t, "after unload", surroundings(t, n), before)
	if label := n.MustRun("cat", "/sys/fs/ocfs2/cluster_stack").Stdout; label != "pcmk\n" {
		t.Errorf("unload left the stack %q selected, want pcmk", label)
	}
}

// TestOnlineRefusesBeforeTheKernel is given configurations that must not reach it.
func TestOnlineRefusesBeforeTheKernel(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1))
	n := c.Node(0)
	configure(t, c)
	before := surroundings(t, n)
	good := string(n.Pull(configFile))
	tests := []struct {
		name  string
		edit  string // of sed
		local string
		says  []string
	}{
		{"duplicate attribute value", `s/number = 0/number = 255/`, "", []string{configFile + ":8:", "255"}},
		{"foreign address", `s/10\.9\.0\.1/10.9.0.77/`, "", []string{"node0", "10.9.0.77", "this host has", "10.9.0.1", "--local-node"}},
		{"unknown host", `s/node0/nodeX/`, "", []string{"node0", "nodeX", "--local-node"}},
		{"unknown local node", ``, "stranger", []string{"stranger", "node0"}},
		{"no cluster", `d`, "", []string{configFile, "no cluster"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n.WriteFile(configFile, []byte(good), 0o644)
			n.MustRun("sed", "-i", tt.edit, configFile)
			var args []string
			if tt.local != "" {
				args = append(args, tt.local)
			}
			says(t, refuse(t, n, "online", args...), tt.says...)
			same(t, "after the refusal", surroundings(t, n), before)
		})
	}
}
