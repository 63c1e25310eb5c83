// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestStockKernel has a disk that stalls on Debian's own kernel, which has debugfs,
// and both monitors beside each other: ours in an IPC namespace of its own, so
// that they do not see each other's semaphore.
//
// The dead time is the usual minute: at half of it the kernel of a node that is
// alone starts to count anew, so they are told to warn at a fifth.
func TestStockKernel(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	rig.Configure(c)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "online", rig.Name)
	startDisk(c, n)
	region := startHeartbeat(t, n)
	n.MustShell("test -f /sys/kernel/debug/o2hb/" + region + "/elapsed_time_in_ms")
	startLog(n)
	arguments := []string{"-i", "-v", "-w", "20"}
	ours := n.Start(lab.Command{Args: append([]string{"unshare", "-i", rig.Tool(t, "o2hbmonitor")}, arguments...)})
	n.Start(lab.Command{Args: append([]string{theirs}, arguments...)})
	ours.WaitLine("Last ping")

	stall(n)
	until(t, "a warning of each", func() bool {
		mine, other := warnings(log(n))
		return len(mine) > 0 && len(other) > 0
	})
	if got := readers(n); got != 0 {
		t.Errorf("%d processes read the disk, although debugfs tells", got)
	}
	resume(n)
	until(t, "the good news", func() bool { return strings.Contains(log(n), "]: Ping is back on "+disk+", "+region) })

	mine, other := warnings(log(n))
	for _, line := range append(slices.Clone(mine), other...) {
		if milliseconds(t, line) < 12000 {
			t.Errorf("a warning too early: %s", line)
		}
	}
	figure := regexp.MustCompile(`\d+ msecs`)
	if a, b := figure.ReplaceAllString(mine[0], "N msecs"), figure.ReplaceAllString(other[0], "N msecs"); a != b || !strings.HasSuffix(a, disk+", "+region) {
		t.Errorf("ours %q, the C program's %q", a, b)
	}
}

// warnings returns those of our monitor, whose lines carry its process number, and
// of the C program's, without.
func warnings(log string) (ours, theirs []string) {
	for line := range strings.Lines(log) {
		switch {
		case !strings.Contains(line, " daemon.warn "):
		case strings.Contains(line, " o2hbmonitor: "):
			theirs = append(theirs, pings(line)...)
		default:
			ours = append(ours, pings(line)...)
		}
	}
	return ours, theirs
}
