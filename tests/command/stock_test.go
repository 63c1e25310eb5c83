// SPDX-License-Identifier: Apache-2.0

package command

import (
	"encoding/json"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestStockKernel runs the product on the kernel that Debian's users run, with
// two processors and debugfs, and takes one lock from both nodes.
func TestStockKernel(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Processors(2), lab.Nodes(2), lab.Disk("data", "64M"))
	o2cbCtl := rig.Tool(t, "o2cb_ctl")
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)

	for _, n := range c.Nodes() {
		r := n.MustRun(o2cbCtl, "lock", "smoke", "one", "--", "hostname")
		if r.Stdout != n.Name()+"\n" {
			t.Errorf("under the lock %s says %q", n.Name(), r.Stdout)
		}
	}

	var st libo2cb.Status
	r := c.Node(0).MustRun(o2cbCtl, "status", "--json")
	if err := json.Unmarshal([]byte(r.Stdout), &st); err != nil {
		t.Fatalf("status --json: %v\n%s", err, r.Stdout)
	}
	if !st.Online || st.Stack.DebugFS == "" {
		t.Errorf("online %v, debugfs %q; want both", st.Online, st.Stack.DebugFS)
	}
	for _, n := range st.Cluster.Nodes {
		if n.Live == nil || !*n.Live {
			t.Errorf("debugfs does not tell that node %s is live:\n%s", n.Name, r.Stdout)
		}
	}
	if peer := st.Cluster.Nodes[1]; peer.Connected == nil || !*peer.Connected {
		t.Errorf("debugfs does not tell that node0 is connected to node1:\n%s", r.Stdout)
	}
	t.Logf("%s", c.Node(0).MustRun(o2cbCtl, "status").Stdout)

	for _, n := range c.Nodes() {
		n.MustRun(o2cbCtl, "heartbeat", "status")
	}
}
