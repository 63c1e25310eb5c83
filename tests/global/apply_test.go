// SPDX-License-Identifier: Apache-2.0

package global

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestApplyRegions brings two nodes online with three regions by one command each,
// and has apply add a fourth and remove the first while the volume is mounted on
// both. The timing comes from the settings; offline takes everything down.
func TestApplyRegions(t *testing.T) {
	e := start(t, 2, 4)
	ctl, o2cb := rig.Tool(t, "o2cb_ctl"), rig.Tool(t, "o2cb")
	a, b, c, d := e.regions[0], e.regions[1], e.regions[2], e.regions[3]
	for _, n := range e.Nodes() {
		n.MustRun(o2cb, "remove-heartbeat", "web", d)
		n.WriteFile("/etc/default/o2cb", []byte("O2CB_HEARTBEAT_THRESHOLD=7\nO2CB_IDLE_TIMEOUT_MS=5000\nO2CB_KEEPALIVE_DELAY_MS=1000\n"), 0o644)
	}
	applyAll := func() {
		t.Helper()
		processes := e.launch(ctl, "apply", "--yes")
		for i, p := range processes {
			if r := p.Wait(); r.Status != 0 || !strings.Contains(r.Stdout, "is online") {
				t.Fatalf("apply on %s: %+v", e.Node(i).Name(), r)
			}
		}
	}
	applyAll()
	for _, n := range e.Nodes() {
		e.wantRunning(n, a, b, c)
		if got := n.MustShell("cat " + directory + "/dead_threshold").Stdout; got != "7\n" {
			t.Errorf("the dead threshold on %s is %q", n.Name(), got)
		}
	}
	e.everywhere("", "sh", "-c", "mkdir /mnt/v && mount -t ocfs2 "+e.Disk(0)+" /mnt/v")
	share(t, e, "three")

	for _, n := range e.Nodes() {
		n.MustRun(o2cb, "add-heartbeat", "web", d)
	}
	if r := e.Node(0).Run(ctl, "plan"); r.Status != 2 || !strings.Contains(r.Stdout, "live  start heartbeat region "+d) {
		t.Errorf("plan: %+v", r)
	}
	applyAll()
	for _, n := range e.Nodes() {
		e.wantRunning(n, a, b, c, d)
		n.MustRun(o2cb, "remove-heartbeat", "web", a)
	}
	share(t, e, "four")
	applyAll()
	for _, n := range e.Nodes() {
		e.wantRunning(n, b, c, d)
	}
	share(t, e, "others")

	e.everywhere("", "umount", "/mnt/v")
	for _, n := range e.Nodes() {
		n.MustRun(ctl, "offline")
		e.wantRunning(n)
		n.MustRun(ctl, "unload")
	}
}
