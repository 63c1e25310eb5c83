// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestStall has a disk that answers neither the kernel nor the monitor, on a
// kernel without debugfs. The only node of a cluster survives that.
func TestStall(t *testing.T) {
	t.Parallel()
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	rig.Online(t, c)
	n := c.Node(0)
	startDisk(c, n)
	region := startHeartbeat(t, n)
	startLog(n)
	m := n.Start(lab.Command{Args: []string{rig.Tool(t, "o2hbmonitor"), "-i", "-v"}})
	for range 3 {
		m.WaitLine(" on " + disk + ", " + region)
	}

	stall(n)
	until(t, "a warning", func() bool { return len(pings(m.Stderr())) > 1 })
	resume(n)
	until(t, "the good news", func() bool {
		return strings.Contains(m.Stderr(), "Ping is back on "+disk+", "+region+", after more than ")
	})

	// What hangs cannot be killed. The monitor ends all the same.
	stall(n)
	late := len(pings(m.Stderr()))
	until(t, "another warning", func() bool { return len(pings(m.Stderr())) > late })
	m.Kill(syscall.SIGTERM)
	if r := m.Wait(); r.Status != 0 {
		t.Errorf("ended by SIGTERM: %+v", r)
	}
	if semaphores(n) != 0 {
		t.Error("its semaphore stays behind")
	}
	if got := readers(n); got != 1 {
		t.Errorf("%d processes hang over the disk, want one", got)
	}
	resume(n)
	until(t, "the end of what hung", func() bool { return readers(n) == 0 })

	checkWarnings(t, m.Stdout(), m.Stderr())
	for _, line := range append(pings(m.Stderr()), "Starting", "Ping is back on "+disk) {
		if !strings.Contains(log(n), "]: "+line) {
			t.Errorf("the system log lacks %q:\n%s", line, log(n))
		}
	}
}

// checkWarnings compares the warnings with what was measured: all that are late and
// no others.
func checkWarnings(t testing.TB, measured, warned string) {
	t.Helper()
	var want []string
	for _, line := range pings(measured) {
		if milliseconds(t, line) >= lateMS {
			want = append(want, line)
		}
	}
	if got := pings(warned); !slices.Equal(got, want) {
		t.Errorf("warned  %q\nmeasured %q", got, pings(measured))
	}
}

// TestDaemon has the monitor in the background, and one at a time: of ours and of
// the C program.
func TestDaemon(t *testing.T) {
	t.Parallel()
	c := lab.Start(t, lab.Nodes(1))
	n := c.Node(0)
	ours := rig.Tool(t, "o2hbmonitor")
	startLog(n)
	running := func() bool { return strings.TrimSpace(n.MustShell("pgrep -x o2hbmonitor || true").Stdout) != "" }
	refused := func(command ...string) {
		t.Helper()
		r := n.Run(command[0], command[1:]...)
		if r.Status != 1 || !strings.Contains(r.Stderr, "Another instance of o2hbmonitor is already running. Aborting.") {
			t.Errorf("%q beside another one: %+v", command, r)
		}
	}
	for _, program := range []string{ours, theirs, ours} {
		if r := n.Run(program, "-w", "30"); r.Status != 0 || r.Stdout+r.Stderr != "" {
			t.Fatalf("%s: %+v", program, r)
		}
		until(t, program+" in the background", func() bool { return running() && semaphores(n) == 1 })
		if program == ours {
			// /proc/N/stat: the session is its own, and there is no terminal.
			n.MustShell(`p=$(pgrep -x o2hbmonitor) && set -- $(cat /proc/$p/stat) && test $6 = $p && test $7 = 0 &&
				test "$(readlink /proc/$p/cwd /proc/$p/fd/0 /proc/$p/fd/1 /proc/$p/fd/2 | tr '\n' ' ')" = "/ /dev/null /dev/null /dev/null "`)
		}
		// The C program takes the lock after it went to the background.
		until(t, "the lock", func() bool { return n.Run(ours, "-i").Status == 1 })
		refused(ours, "-i")
		refused(ours)
		refused(theirs, "-i")
		refused(theirs)
		n.MustRun("killall", "-e", "o2hbmonitor")
		until(t, "the end of "+program, func() bool { return !running() })
		if left := semaphores(n); program == ours && left != 0 {
			t.Error("the semaphore stays behind")
		}
	}
	if got := strings.Count(log(n), "Starting"); got != 3 {
		t.Errorf("%d starts in the log:\n%s", got, log(n))
	}
}

// TestErrors has a disk that answers with errors for a while, and a region with
// the usual dead time of a minute, of which that is a part. The monitor runs in the
// background and writes all that it measures to a file.
func TestErrors(t *testing.T) {
	t.Parallel()
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	rig.Configure(c)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "online", rig.Name)
	startDisk(c, n)
	region := startHeartbeat(t, n)
	startLog(n)
	n.MustShell(rig.Tool(t, "o2hbmonitor") + " -v -w 10 > /tmp/measured 2>&1")
	until(t, "a line", func() bool { return len(pings(n.MustShell("cat /tmp/measured").Stdout)) > 0 })

	replace := func(table string) {
		t.Helper()
		n.MustShell(fmt.Sprintf(`dmsetup load hb --table "0 $(blockdev --getsz %s) %s" && dmsetup suspend --nolockfs hb && dmsetup resume hb`, c.Disk(0), table))
	}
	replace("error")
	until(t, "a warning", func() bool { return len(pings(log(n))) > 0 })
	replace("linear " + c.Disk(0) + " 0")
	until(t, "the good news", func() bool { return strings.Contains(log(n), "]: Ping is back on "+disk+", "+region) })
	if why := "]: the heartbeat of this node is not seen: heartbeat: read the blocks of region " + region; strings.Count(log(n), why) != 1 ||
		!strings.Contains(log(n), "input/output error") {
		t.Errorf("no reason, or several, in the system log:\n%s", log(n))
	}
	n.MustRun("killall", "-e", "o2hbmonitor")
	until(t, "the end", func() bool { return semaphores(n) == 0 && readers(n) == 0 })
}
