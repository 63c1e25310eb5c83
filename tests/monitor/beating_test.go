// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestBeating reads who beats from a disk: two nodes, then one after a power cut,
// then nobody can tell, because the path to the disk stalls.
func TestBeating(t *testing.T) {
	t.Parallel()
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "64M"))
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)
	n := c.Node(0)
	startDisk(c, n) // another path to it, beside the heartbeat's
	command := []string{rig.Tool(t, "o2cb_ctl"), "read-blocks", "--turn", "/run/turn", disk, regionOf(n)}
	ask := func(limit string) lab.Result {
		t.Helper()
		return n.RunSelf("beating", append([]string{limit}, command...)...)
	}
	beat := func() (nodes []int) {
		t.Helper()
		r := ask("1m")
		if err := json.Unmarshal([]byte(r.Stdout), &nodes); r.Status != 0 || err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		return nodes
	}
	if got := beat(); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("nodes %v beat, want both", got)
	}
	c.Node(1).PowerOff()
	until(t, "node 0 alone", func() bool { return slices.Equal(beat(), []int{0}) })

	stall(n)
	for range 3 {
		if r := ask("3s"); r.Status == 0 || !strings.Contains(r.Stderr, "deadline") {
			t.Errorf("while the disk stalls: %+v", r)
		}
		// Those behind the first wait for it, and can be killed.
		until(t, "one that hangs", func() bool { return readers(n) == 1 })
	}
	resume(n)
	until(t, "the end of what hung", func() bool { return readers(n) == 0 })
	if got := beat(); !slices.Equal(got, []int{0}) {
		t.Errorf("nodes %v beat, want node 0", got)
	}
}
