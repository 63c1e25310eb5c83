// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// domain is the lock domain of the verbs.
const domain = "verbs"

// locked starts a command under a lock that says that it runs, with its number, and
// stays. Flags stand before the resource.
func locked(t *testing.T, n *lab.Node, flags ...string) *lab.Process {
	t.Helper()
	p := n.Start(under(t, "echo held $$; exec sleep 1000", flags...))
	p.WaitLine("held")
	return p
}

// under is the command line of lock for a script. The last of flags is the resource.
func under(t *testing.T, script string, flags ...string) lab.Command {
	last := len(flags) - 1
	args := append([]string{rig.Tool(t, "o2cb_ctl"), "lock"}, flags[:last]...)
	return lab.Command{Args: append(args, domain, flags[last], "--", "sh", "-c", script)}
}

// tried returns the exit status of a lock that is not waited for.
func tried(t *testing.T, n *lab.Node, flags ...string) int {
	t.Helper()
	return n.RunCommand(under(t, "exit 7", append([]string{"-n", "-E", "75"}, flags...)...)).Status
}

func ended(t *testing.T, p *lab.Process, sig syscall.Signal) {
	t.Helper()
	p.Kill(sig)
	if r := p.Wait(); r.Status != 128+int(sig) {
		t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
}

// locksOn returns what the verb locks says about one lock.
func locksOn(t *testing.T, n *lab.Node, resource string) (libo2cb.LockResource, libo2cb.LockReport) {
	t.Helper()
	r := n.Run(rig.Tool(t, "o2cb_ctl"), "locks", "--json", domain)
	var report libo2cb.LockReport
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil || r.Status != 0 {
		t.Fatalf("locks: status %d, %v: %s%s", r.Status, err, r.Stdout, r.Stderr)
	}
	all := report.Domains[0].Resources
	at := slices.IndexFunc(all, func(l libo2cb.LockResource) bool { return l.Name == resource })
	if at < 0 {
		t.Fatalf("locks does not show %s: %s", resource, r.Stdout)
	}
	return all[at], report
}

// Shared holders are on both nodes, beside no exclusive one, and locks shows them.
func testLevels(t *testing.T, c *lab.Cluster) {
	const resource = "levels"
	first, second := locked(t, c.Node(0), "--shared", resource), locked(t, c.Node(1), "-s", resource)
	for i, n := range c.Nodes() {
		if got := tried(t, n, "-s", resource); got != 7 {
			t.Errorf("node %d does not take it shared: status %d", i, got)
		}
		l, _ := locksOn(t, n, resource)
		if l.Level != libo2cb.SharedLock || len(l.Holders) != 1 || l.Holders[0].Command != "o2cb_ctl" || l.Holders[0].Unguarded {
			t.Errorf("node %d shows %+v", i, l)
		}
	}
	// Last, because what stays behind of a request keeps out those who come after it.
	if got := tried(t, c.Node(0), "--exclusive", resource); got != 75 {
		t.Errorf("taken exclusively beside shared holders: status %d", got)
	}
	ended(t, first, syscall.SIGTERM)
	ended(t, second, syscall.SIGTERM)

	holder := locked(t, c.Node(0), resource)
	waiter := c.Node(0).Start(under(t, "true", resource))
	l, _ := locksOn(t, c.Node(0), resource)
	for deadline := time.Now().Add(time.Minute); len(l.Waiters) == 0 && time.Now().Before(deadline); {
		if waiterGone(waiter) {
			t.Fatal("two holders")
		}
		l, _ = locksOn(t, c.Node(0), resource)
	}
	if l.Level != libo2cb.ExclusiveLock || len(l.Holders) != 1 || len(l.Waiters) != 1 || l.Waiters[0].Kernel {
		t.Errorf("with a holder and a waiter on the node: %+v", l)
	}
	if got := tried(t, c.Node(1), "-s", resource); got != 75 {
		t.Errorf("taken shared beside an exclusive holder: status %d", got)
	}
	ended(t, holder, syscall.SIGTERM)
	if r := waiter.Wait(); r.Status != 0 {
		t.Errorf("the waiter: status %d: %s", r.Status, r.Stderr)
	}
	// A C program does not take the flock.
	plain := c.Node(0).Start(lab.Command{Args: []string{"sh", "-c", "exec 3<>/dlm/" + domain + "/" + resource + "; echo open; exec sleep 1000"}})
	plain.WaitLine("open")
	if l, _ := locksOn(t, c.Node(0), resource); len(l.Holders) != 1 || !l.Holders[0].Unguarded || l.Level != libo2cb.ExclusiveLock {
		t.Errorf("with a holder who knows no flock: %+v", l)
	}
	plain.Kill(syscall.SIGKILL)
	plain.Wait()
}

func waiterGone(p *lab.Process) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// The command in the place of o2cb_ctl holds the lock, until it is killed.
func testNoFork(t *testing.T, c *lab.Cluster) {
	const resource = "no-fork"
	p := locked(t, c.Node(0), "--no-fork", resource)
	l, _ := locksOn(t, c.Node(0), resource)
	if len(l.Holders) != 1 || l.Holders[0].Command != "sleep" {
		t.Errorf("locks shows %+v", l)
	}
	for i, n := range c.Nodes() {
		if got := tried(t, n, resource); got != 75 {
			t.Errorf("node %d takes it beside the command: status %d", i, got)
		}
	}
	ended(t, p, syscall.SIGKILL)
	if r := c.Node(1).RunCommand(under(t, "exit 7", resource)); r.Status != 7 {
		t.Errorf("after its end: status %d: %s", r.Status, r.Stderr)
	}
}

// When o2cb_ctl is killed its command dies, and the other node has the lock.
func testKilled(t *testing.T, c *lab.Cluster) {
	const resource = "killed"
	holder := c.Node(0).Start(under(t, "echo held $PPID $$; exec sleep 1000", resource))
	fields := strings.Fields(holder.WaitLine("held"))
	waiter := c.Node(1).Start(under(t, "echo mine", resource))
	c.Node(0).MustRun("kill", "-KILL", fields[1])
	waiter.WaitLine("mine")
	if r := holder.Wait(); r.Signal != syscall.SIGKILL {
		t.Errorf("o2cb_ctl ended with %d", r.Status)
	}
	if r := waiter.Wait(); r.Status != 0 {
		t.Errorf("the waiter: status %d: %s", r.Status, r.Stderr)
	}
	c.Node(0).MustShell("while kill -0 " + fields[2] + " 2>&-; do sleep 0.01; done")
}

// A benchmark measures on dlmfs and leaves no locks.
func testBench(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	r := n.Run(rig.Tool(t, "o2cb_ctl"), "lock-bench", "--time", "100ms", "--json", domain)
	var report struct {
		Results []struct {
			Name     string
			MedianNS int64 `json:"median_ns"`
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil || r.Status != 0 || len(report.Results) != 5 {
		t.Fatalf("status %d, %v: %s%s", r.Status, err, r.Stdout, r.Stderr)
	}
	for _, result := range report.Results {
		t.Logf("%s: %d ns", result.Name, result.MedianNS)
		if result.MedianNS <= 0 {
			t.Errorf("%s takes %d ns", result.Name, result.MedianNS)
		}
	}
	if left := n.Shell("ls -a /dlm/" + domain + " | grep bench").Stdout; left != "" {
		t.Errorf("left are %s", left)
	}
}

// While a node is dead and not yet declared so the verb locks answers, and shows who waits.
func testDeadNode(t *testing.T, c *lab.Cluster) {
	const resource = "dead"
	locked(t, c.Node(0), resource)
	waiter := c.Node(1).Start(under(t, "echo mine", resource))
	pid := waitingChild(t, c.Node(1), "o2cb_ctl", resource)
	c.Node(0).PowerOff()
	l, _ := locksOn(t, c.Node(1), resource)
	if len(l.Holders) != 0 || len(l.Waiters) != 1 || l.Waiters[0].PID != pid || !l.Waiters[0].Kernel || waiterGone(waiter) {
		t.Errorf("locks shows %+v", l)
	}
}

// waitingChild waits until locks shows one process, of that name, which waits in the
// kernel for the lock, and returns its number.
func waitingChild(t *testing.T, n *lab.Node, command, resource string) int {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		r := n.Run(rig.Tool(t, "o2cb_ctl"), "locks", "--json", domain)
		var report libo2cb.LockReport
		if err := json.Unmarshal([]byte(r.Stdout), &report); err == nil && r.Status == 0 {
			for _, l := range report.Domains[0].Resources {
				if l.Name == resource && len(l.Waiters) == 1 && l.Waiters[0].Kernel && l.Waiters[0].Command == command {
					return l.Waiters[0].PID
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s waits in the kernel for %s: %s%s", command, resource, r.Stdout, r.Stderr)
		}
	}
}
