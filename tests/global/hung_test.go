// SPDX-License-Identifier: Apache-2.0

package global

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// hanging prints a line while a process that read disks for us hangs in the
// kernel. It has been killed: its threads are all that is left of it.
const hanging = `grep -l '^State:.D' /proc/[0-9]*/task/*/status | xargs -r grep -h '^Name:.o2cb_ctl$' | sort -u`

// TestHungDisk has a disk beside the regions that does not answer: heartbeat starts
// without it, and no command hangs with it.
func TestHungDisk(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 3)
	n := e.Node(0)
	o2cb := rig.Tool(t, "o2cb")
	e.rename(n, 2, "below")
	n.MustShell(`set -e
		dmsetup create above --table "0 $(blockdev --getsz /dev/dm-0) linear /dev/dm-0 0"
		dmsetup suspend --noflush below`) // whoever reads dm-1, which is above, waits
	n.MustRun(o2cb, "remove-heartbeat", "web", e.regions[2])
	e.register()

	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	e.wantRunning(n, e.regions[0], e.regions[1])
	if got := n.MustShell(hanging).Stdout; got != "Name:\to2cb_ctl\n" {
		t.Fatalf("no read of the disk hangs: %q", got)
	}
	n.MustRun(o2cb, "add-heartbeat", "web", e.regions[2])
	e.refused(n, []string{"UUID " + e.regions[2], "part of dm-0, which cannot be read", "dmsetup resume"}, o2cb, "start-heartbeat", "web")
	const nowhere = "00112233445566778899AABBCCDDEEFF"
	e.refused(n, []string{"UUID " + nowhere, "dm-1: the disk does not answer"}, rig.Tool(t, "o2cb_ctl"), "heartbeat", "start", nowhere)
	e.wantRunning(n, e.regions[0], e.regions[1])

	n.MustShell("dmsetup resume below; while " + hanging + " | grep -q .; do sleep 0.1; done")
	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	e.wantRunning(n, e.regions...)
	e.everywhere("Global heartbeat stopped\n", o2cb, "stop-heartbeat", "web")
}
