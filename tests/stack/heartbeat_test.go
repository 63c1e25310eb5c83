// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestStopKeepsWhatLocksNeed has a lock of dlmfs held and no volume mounted: the
// kernel itself would let the heartbeat go, and another node get the lock.
func TestStopKeepsWhatLocksNeed(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	tool := rig.Tool(t, "o2cb_ctl")
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)
	n := c.Node(0)
	holder := n.Start(lab.Command{Args: []string{tool, "lock", "dom", "res", "--", "sh", "-c", "echo locked; until test -e /tmp/end; do sleep 0.1; done"}})
	holder.WaitLine("locked")

	for _, stop := range [][]string{
		{tool, "heartbeat", "stop", c.Disk(0)},
		{rig.Tool(t, "ocfs2_hb_ctl"), "-K", "-d", c.Disk(0), "ocfs2"},
	} {
		r := n.Run(stop[0], stop[1:]...)
		if r.Status == 0 {
			t.Fatalf("%q succeeded: %s", stop, r.Stdout)
		}
		says(t, r.Stderr, "lock domain dom is used by process", "(o2cb_ctl) with lock res", "stop the process")
		if refs := n.MustRun(rig.Tool(t, "ocfs2_hb_ctl"), "-I", "-d", c.Disk(0)).Stdout; !strings.HasSuffix(refs, ": 1 refs\n") {
			t.Errorf("after %q the count is %q", stop, refs)
		}
		n.MustShell("cat /sys/kernel/config/cluster/" + rig.Name + "/heartbeat/*/dev | grep -q . && test -e /dlm/dom/res")
	}
	select {
	case <-holder.Done():
		t.Error("the holder was disturbed")
	default:
	}

	n.MustShell("touch /tmp/end")
	if r := holder.Wait(); r.Status != 0 {
		t.Errorf("the holder: %+v", r)
	}
	n.MustShell("mkdir -p /dlm/idle && : > /dlm/idle/res") // joined, and nobody has it open
	n.MustRun(tool, "heartbeat", "stop", c.Disk(0))
	if left := n.MustShell("ls /dlm; ls -d /sys/kernel/config/cluster/" + rig.Name + "/heartbeat/*/ 2>/dev/null || true").Stdout; left != "" {
		t.Errorf("after the stop there is %q", left)
	}
	says(t, n.MustRun(tool, "offline").Stderr)
}
