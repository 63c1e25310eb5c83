// SPDX-License-Identifier: Apache-2.0

package global

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestThreeRegions is the life of a global heartbeat on three disks, two of them
// used through devices with other names, on two nodes with Debian's mount.
func TestThreeRegions(t *testing.T) {
	e := start(t, 2, 3)
	o2cb := rig.Tool(t, "o2cb")
	for _, n := range e.Nodes() {
		e.rename(n, 1, "fragile")
		e.rename(n, 2, "nvme0n1")
	}
	e.register()
	n := e.Node(0)
	if r := n.Run("o2cb", "cluster-status"); r.Status != 1 {
		t.Errorf("without a region the cluster is %q", r.Stdout)
	}

	other := e.Node(1).Start(lab.Command{Args: []string{o2cb, "start-heartbeat", "web"}})
	overlapping(t, n, o2cb, 3)
	if r := other.Wait(); r.Status != 0 || r.Stdout != "Global heartbeat started\n" {
		t.Fatalf("start-heartbeat on node1: %+v", r)
	}
	for _, n := range e.Nodes() {
		e.wantRunning(n, e.regions...)
		for _, device := range []string{"ubda ", "dm-0 ", "dm-1 "} {
			if state := e.state(n); !strings.Contains(state, device) {
				t.Errorf("no region on %sof %s:\n%s", device, n.Name(), state)
			}
		}
	}
	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	e.wantRunning(n, e.regions...)

	e.everywhere("", "sh", "-c", "mkdir /mnt/v && mount -t ocfs2 "+e.Disk(0)+" /mnt/v")
	if mounts := n.MustShell("grep ocfs2 /proc/mounts").Stdout; !strings.Contains(mounts, "heartbeat=global") {
		t.Errorf("Debian's mount made %q", mounts)
	}
	share(t, e, "before")
	e.refused(n, []string{"is mounted on /mnt/v", "umount /mnt/v"}, o2cb, "stop-heartbeat", "web")
	e.refused(n, []string{"is mounted on /mnt/v"}, rig.Tool(t, "o2cb_ctl"), "heartbeat", "stop", "--all")
	e.wantRunning(n, e.regions...)

	// One disk of three is lost: the kernel gives it up and the node goes on.
	n.MustShell("dmsetup suspend --noflush fragile && dmsetup load fragile --table \"0 $(blockdev --getsz " + e.Disk(1) + ") error\" && dmsetup resume fragile")
	n.MustShell("until dmesg | grep 'Heartbeat write timeout to device'; do sleep 0.2; done")
	share(t, e, "after")
	n.MustRun(o2cb, "start-heartbeat", "web") // the region runs: its disk is not asked for
	share(t, e, "again")

	e.everywhere("", "umount", "/mnt/v")
	e.everywhere("Global heartbeat stopped\n", o2cb, "stop-heartbeat", "web")
	for _, n := range e.Nodes() {
		e.wantRunning(n)
		n.MustRun(rig.Tool(t, "o2cb_ctl"), "offline")
		n.MustRun(rig.Tool(t, "o2cb_ctl"), "unload")
	}
}

// overlapping runs start-heartbeat and sees that at one moment as many starts wait
// in the kernel as there are regions: each has the attribute "dev" of its region open.
func overlapping(t *testing.T, n *lab.Node, o2cb string, regions int) {
	t.Helper()
	r := n.MustShell(`
		` + o2cb + ` start-heartbeat web & pid=$!
		most=0
		while kill -0 $pid 2>/dev/null; do
			now=$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '` + directory + `/.*/dev$')
			[ "$now" -gt "$most" ] && most=$now
			sleep 0.1
		done
		wait $pid && echo "at once $most"`)
	lines := strings.Split(r.Stdout, "\n")
	if lines[0] != "Global heartbeat started" || lines[1] != "at once "+string(rune('0'+regions)) {
		t.Errorf("start-heartbeat: %q, want %d at once", r.Stdout, regions)
	}
}

// share has each node read what the other one wrote to the volume.
func share(t *testing.T, e *estate, word string) {
	t.Helper()
	for i, n := range e.Nodes() {
		n.MustShell("echo " + word + n.Name() + " > /mnt/v/" + n.Name() + " && sync")
		peer := e.Node(1 - i)
		if got := peer.MustRun("cat", "/mnt/v/"+n.Name()).Stdout; got != word+n.Name()+"\n" {
			t.Errorf("%s reads %q", peer.Name(), got)
		}
	}
}
