// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestStockKernel is the life of a cluster with a mounted volume on Debian's own
// kernel, which has debugfs and more modules that come along.
func TestStockKernel(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Nodes(2), lab.Disk("data", "64M"))
	configure(t, c)
	var before []string
	for _, n := range c.Nodes() {
		before = append(before, surroundings(t, n))
		ask[json.RawMessage](t, n, "online")
	}
	makeVolume(t, c)
	mountAll(t, c)
	n := c.Node(0)
	st := ask[libo2cb.Status](t, n, "status")
	if st.Stack.DebugFS != "/sys/kernel/debug" || len(st.Cluster.Regions) != 1 || !reflect.DeepEqual(st.Cluster.Regions[0].Beating, []int{0, 1}) {
		t.Errorf("debugfs on %q, regions %+v: want both nodes beating", st.Stack.DebugFS, st.Cluster.Regions)
	}
	yes := true
	for i, node := range st.Cluster.Nodes {
		if !reflect.DeepEqual(node.Live, &yes) || i == 0 && node.Connected != nil || i == 1 && !reflect.DeepEqual(node.Connected, &yes) {
			t.Errorf("node %d as node 0 sees it: %+v", i, node)
		}
	}
	for i, n := range c.Nodes() {
		n.MustRun("umount", "/mnt/volume")
		ask[json.RawMessage](t, n, "offline")
		ask[stack.Unloaded](t, n, "unload")
		same(t, "after unload on "+n.Name(), surroundings(t, n), before[i])
	}
}
