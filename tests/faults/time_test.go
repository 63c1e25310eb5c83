// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

// await waits for a condition.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 240 {
		if done() {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	t.Fatalf("a minute without: %s", what)
}

// TestTimeJumps changes the clock and stops commands for longer than it takes to be
// declared dead, while they wait for a lock, for the kernel, and when they do not
// know. Process numbers that come again fool nobody.
func TestTimeJumps(t *testing.T) {
	m := boot(t, lab.Disk("data", "64M"))
	m.MustRun(m.tool, "online")
	rig.Hasten(m.Node)
	m.MustRun("mkfs.ocfs2", "-q", "-x", "-N", "4", "--cluster-stack=o2cb", "--cluster-name=web", "/dev/ubda")
	jump := func(by string) { m.MustShell("date -s @$(($(date +%s) " + by + ")) >/dev/null") }
	ended := func(p *lab.Process) bool {
		select {
		case <-p.Done():
			return true
		default:
			return false
		}
	}
	start := func(args ...string) *lab.Process {
		return m.Start(lab.Command{Args: append([]string{m.tool}, args...)})
	}

	t.Run("while a lock is waited for", func(t *testing.T) {
		holder := m.Start(lab.Command{Args: []string{"flock", "/run/o2cb/lock", "sh", "-c", "echo held; exec sleep 1000"}})
		holder.WaitLine("held")
		editor := m.Start(lab.Command{Args: []string{"sh", "-c", "exec unshare -m " + m.tool + " -C -n later -t node -a cluster=web -a number=9 -a ip_address=10.9.0.9 -a ip_port=7777"}})
		waiting := start("offline")
		for _, by := range []string{"+ 100000000", "- 200000000", "+ 100000000"} {
			jump(by)
			waiting.Kill(unix.SIGSTOP)
			waiting.Kill(unix.SIGCONT)
		}
		if r := editor.Wait(); r.Status != 0 {
			t.Errorf("an edit of the file: %s", r.Stderr)
		}
		if ended(waiting) {
			t.Errorf("offline did not wait: %s%s", waiting.Stdout(), waiting.Stderr())
		}
		holder.Kill(unix.SIGKILL) // and its child with it
		if r := waiting.Wait(); r.Status != 0 {
			t.Errorf("offline: %s", r.Stderr)
		}
		m.MustRun(m.tool, "-D", "-n", "later", "-t", "node")
		m.MustRun(m.tool, "online")
		rig.Hasten(m.Node)
	})

	t.Run("while a heartbeat starts", func(t *testing.T) {
		up := m.snapshot()
		p := start("heartbeat", "start", "/dev/ubda")
		await(t, "a region", func() bool { return m.Shell("ls -d "+clusters+"/web/heartbeat/*/").Status == 0 })
		p.Kill(unix.SIGSTOP)
		jump("+ 100000000")
		// Longer than it takes until a node that does not beat is dead.
		m.MustShell(fmt.Sprintf("sleep %d", (rig.DeadThreshold-1)*2+4))
		jump("- 200000000")
		if ended(p) {
			t.Fatalf("it ended though it was stopped: %s", p.Stderr())
		}
		p.Kill(unix.SIGCONT)
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("heartbeat start: %s", r.Stderr)
		}
		if now := m.MustShell("cat " + clusters + "/web/heartbeat/*/dev").Stdout; now != "ubda\n" {
			t.Errorf("the region beats on %q", now)
		}
		jump("+ 100000000")
		m.MustRun(m.tool, "heartbeat", "stop", "/dev/ubda")
		same(t, "heartbeat stop", m.snapshot(), up)
	})

	t.Run("stopped with the lock", func(t *testing.T) {
		p := start("heartbeat", "start", "/dev/ubda")
		await(t, "a region", func() bool { return m.Shell("ls -d "+clusters+"/web/heartbeat/*/").Status == 0 })
		p.Kill(unix.SIGSTOP)
		r := m.Run(m.tool, "offline") // waits a minute and says for whom
		if r.Status == 0 || !strings.Contains(r.Stderr, "another process is changing the cluster") || !strings.Contains(r.Stderr, "held by process ") {
			t.Errorf("offline beside it: %d, %s", r.Status, r.Stderr)
		}
		p.Kill(unix.SIGCONT)
		if r := p.Wait(); r.Status != 0 {
			t.Errorf("heartbeat start: %s", r.Stderr)
		}
		m.MustRun(m.tool, "heartbeat", "stop", "/dev/ubda")
	})

	// The numbers of processes that are gone, in the lock and in the note of an
	// operation that was cut short, are those of others now.
	t.Run("process numbers", func(t *testing.T) {
		m.MustShell(`echo 1 > /run/o2cb/lock; head -n 2 /run/o2cb/journal.last | sed 's/"pid":[0-9]*/"pid":1/' > /run/o2cb/journal`)
		r := m.Run(m.tool, "status")
		if !strings.Contains(r.Stdout, "by process 1 was cut short") {
			t.Errorf("status with the note of a process whose number init has: %s%s", r.Stdout, r.Stderr)
		}
		m.MustRun(m.tool, "apply", "--yes")
		m.whole()
		m.MustRun(m.tool, "offline")
	})
}
