// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// disk is the node of a device that the tests can stall: device-mapper's, over the
// first disk of the lab.
const disk = "/dev/dm-0"

// theirs is Debian's C program; ours has the same name in another directory.
const theirs = "/usr/sbin/o2hbmonitor"

// lateMS is when the monitor warns at 50 percent of rig.DeadThreshold.
const lateMS = (rig.DeadThreshold - 1) * 2000 / 2

// startDisk makes that device on a node.
func startDisk(c *lab.Cluster, n *lab.Node) {
	n.MustShell(fmt.Sprintf(`modprobe dm-mod && dmsetup create hb --noudevsync --table "0 $(blockdev --getsz %[1]s) linear %[1]s 0"`, c.Disk(0)))
}

// stall makes every read and write of the device wait until resume.
func stall(n *lab.Node)  { n.MustRun("dmsetup", "suspend", "--nolockfs", "hb") }
func resume(n *lab.Node) { n.MustRun("dmsetup", "resume", "hb") }

// startHeartbeat makes a volume on the device and starts its heartbeat.
func startHeartbeat(t testing.TB, n *lab.Node) (region string) {
	t.Helper()
	n.MustShell("mkfs.ocfs2 -q -x -N 4 -L data --cluster-stack=o2cb --cluster-name=" + rig.Name + " " + disk + " </dev/null")
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "heartbeat", "start", disk)
	return regionOf(n)
}

// regionOf returns the name of the only region that runs on a node.
func regionOf(n *lab.Node) string {
	return strings.TrimSpace(n.MustShell("cd /sys/kernel/config/cluster/*/heartbeat && basename */").Stdout)
}

// startLog starts a system log on a node, and log returns what it got.
func startLog(n *lab.Node)   { n.MustRun("busybox", "syslogd", "-O", "/tmp/log") }
func log(n *lab.Node) string { return n.MustShell("cat /tmp/log").Stdout }

// until waits for a condition.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 240 {
		if done() {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Fatalf("two minutes without: %s", what)
}

// semaphores counts the monitor's semaphore sets on a node.
func semaphores(n *lab.Node) int {
	return strings.Count(n.MustRun("ipcs", "-s").Stdout, "0x6f326862")
}

// readers counts the processes on a node that read blocks, those that died while
// they hang included.
func readers(n *lab.Node) int {
	return len(strings.Fields(n.MustShell("pgrep -x o2cb_ctl || true").Stdout))
}

// pings are the lines "Last ping …" of a text.
func pings(text string) []string {
	return regexp.MustCompile(`Last ping \d+ msecs ago on /dev/\S+, [0-9A-F]{32}`).FindAllString(text, -1)
}

// milliseconds is the figure in such a line.
func milliseconds(t testing.TB, line string) (ms int) {
	t.Helper()
	if _, err := fmt.Sscanf(line, "Last ping %d msecs", &ms); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return ms
}
