// SPDX-License-Identifier: Apache-2.0

package global

import (
	"fmt"
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestFaultyDisks starts on disks that cannot be written, or not be read, beside
// good ones, and on one with sectors of 4096 bytes.
func TestFaultyDisks(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 3)
	n := e.Node(0)
	o2cb := rig.Tool(t, "o2cb")
	e.register()
	table := func(format string) string {
		return fmt.Sprintf(`--table "0 $(blockdev --getsz %s) %s"`, e.Disk(2), format)
	}

	// To the kernel itself that takes half a minute, and what it leaves a reboot.
	n.MustShell("modprobe -a dm-mod dm-flakey && dmsetup create bad " + table("flakey "+e.Disk(2)+" 0 0 3600 1 error_writes") + " && dmsetup mknodes")
	e.refused(n, []string{"region " + e.regions[2] + " on /dev/mapper/bad", "write a heartbeat block", "input/output error"}, o2cb, "start-heartbeat", "web")
	e.wantRunning(n)
	n.MustShell("dmsetup suspend bad && dmsetup load bad " + table("flakey "+e.Disk(2)+" 0 0 3600") + " && dmsetup resume bad")
	e.refused(n, []string{"part of dm-0, which cannot be read", "input/output error"}, o2cb, "start-heartbeat", "web")
	e.wantRunning(n)
	n.MustShell("dmsetup remove bad")

	n.MustShell("modprobe loop && losetup --direct-io=on /dev/loop5 " + e.Disk(1)) // shows the same volume, and the disk is the better
	n.MustShell("truncate -s 64M /tmp/image && losetup --sector-size 4096 /dev/loop6 /tmp/image && " +
		"mkfs.ocfs2 -F -q -x -N 1 -J size=4M -b 4096 --cluster-stack=o2cb --cluster-name=web --global-heartbeat /dev/loop6 </dev/null")
	n.MustRun(o2cb, "add-heartbeat", "web", "/dev/loop6")
	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	got := n.MustShell("cd " + directory + " && for r in */; do echo $(cat $r/dev $r/block_bytes $r/blocks); done | sort").Stdout
	if want := "loop6 4096 255\nubda 512 255\nubdb 512 255\nubdc 512 255\n"; got != want {
		t.Errorf("regions are on\n%s, want\n%s", got, want)
	}
	e.everywhere("Global heartbeat stopped\n", o2cb, "stop-heartbeat", "web")
	e.wantRunning(n)
}
