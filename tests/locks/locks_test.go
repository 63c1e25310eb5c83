// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// domain is the lock domain of all tests.
const domain = "locks"

// One cluster serves all: a heartbeat takes ten seconds to start. Each part has
// resources of its own; the last one costs a node.
func TestNodes(t *testing.T) {
	c := lab.Start(t, lab.Nodes(3), lab.Disk("heartbeat", "64M"), lab.Disk("counter", "1M"), lab.RunLimit(2*time.Minute+mixedTime+ungatedTime))
	rig.Load(t, c)
	t.Run("offline", func(t *testing.T) { testOffline(t, c) })
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)
	for _, part := range []struct {
		name string
		test func(t *testing.T, c *lab.Cluster)
	}{
		{"refusals", testRefusals},
		{"sum", testSum},
		{"cancel", testCancel},
		{"try", testTry},
		{"shared", testShared},
		{"down and up", testDownAndUp},
		{"values and tokens", testValues},
		{"mutex", testMutex},
		{"processes of one node", testKnock},
		{"touch", testTouch},
		{"drop", testDrop},
		{"many waiters", testManyWaiters},
		{"too many waiters", testTooMany},
		{"turns", testTurns},
		{"mixed", testMixed},
		{"kill on the same node", testKillSameNode},
		{"kill on another node", testKillOtherNode},
		{"kill a waiter", testKillWaiter},
		{"kill who tries", testKillTrier},
		{"rejoin", testRejoin},
		{"unlink", testUnlink},
		{"offline under a waiter", testOfflineWaiter},
		{"power cut", testPowerCut},
		{"partition", testPartition},
	} {
		if ungatedTime > 0 && part.name == "power cut" {
			t.Run("ungated", func(t *testing.T) { testUngated(t, c) })
			return
		}
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c) }) {
			t.FailNow()
		}
	}
}

// A node without cluster and heartbeat cannot join, and is told what to type.
func testOffline(t *testing.T, c *lab.Cluster) {
	r := c.Node(0).RunSelf("try", "r")
	if r.Status == 0 || !strings.Contains(r.Stderr, "o2cb_ctl online") {
		t.Errorf("status %d, %q", r.Status, r.Stderr)
	}
}

func testRefusals(t *testing.T, c *lab.Cluster) {
	mustSelf(t, c.Node(0), "refusals")
}

// All nodes, two processes each, four goroutines each: no increment is lost, be it
// through the gate or without.
func testSum(t *testing.T, c *lab.Cluster) {
	addUp(t, c, 3000, "sum only", "exclusive only")
	addUp(t, c, 1500, "sum")
}

func addUp(t *testing.T, c *lab.Cluster, total int, resource string, how ...string) {
	const processes, goroutines = 2, 4
	before := counted(t, c)
	parts := processes * len(c.Nodes())
	var running []*lab.Process
	for i := range parts {
		n := c.Node(i % len(c.Nodes()))
		args := append([]string{resource, c.Disk(1), fmt.Sprint(goroutines), fmt.Sprint(share(total, parts, i))}, how...)
		running = append(running, n.StartSelf("count", args...))
	}
	start := time.Now()
	for _, p := range running {
		good(t, p)
	}
	t.Logf("%d increments in %v %v", total, time.Since(start), how)
	if got := counted(t, c) - before; got != uint64(total) {
		t.Errorf("the sum is %d, want %d", got, total)
	}
}

// counted returns the counter that lies on the second disk.
func counted(t *testing.T, c *lab.Cluster) uint64 {
	t.Helper()
	f, err := os.Open(c.DiskFile(1))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 8)
	if _, err := f.ReadAt(block, 0); err != nil {
		t.Fatal(err)
	}
	return binary.LittleEndian.Uint64(block)
}

// A Lock that is cancelled while the other node holds returns before the grant
// can come; the grant that comes later does not stay with the node.
//
// Nobody else asks for the lock meanwhile: the kernel lets a request of the
// other node overtake one that was granted but has not woken up yet.
func testCancel(t *testing.T, c *lab.Cluster) {
	holder := c.Node(0).StartSelf("hold", "cancel")
	holder.WaitLine("held")
	waiter := c.Node(1).StartSelf("cancel", "cancel")
	waiter.WaitLine("cancelled")
	// The holder has not released, so the return was not the grant's doing.
	released := time.Now()
	holder.Kill(syscall.SIGTERM)
	waiter.WaitLine("gone")
	if took := time.Since(released); took > 10*time.Second {
		t.Errorf("the late grant was released %v after it could come", took)
	} else {
		t.Logf("late grant released after %v", took)
	}
	good(t, waiter)
	good(t, holder)
	next := c.Node(0).StartSelf("hold", "cancel")
	next.WaitLine("held")
	next.Kill(syscall.SIGTERM)
	good(t, next)
}

// TryLock tells a lock that is held from one that is only cached.
func testTry(t *testing.T, c *lab.Cluster) {
	const r = "try"
	holder := c.Node(0).StartSelf("hold", r)
	holder.WaitLine("held")
	// The requests of these stay in the kernel until the holder releases.
	here, there := busy(c.Node(0), r, "another process of this node"), busy(c.Node(1), r, "another node")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	for _, p := range []*lab.Process{here, there} {
		if got := p.Wait(); got.Status != tryBusy {
			t.Errorf("TryLock ended with %d: %s%s", got.Status, got.Stdout, got.Stderr)
		}
	}
	for _, n := range c.Nodes() { // each has it cached after the one before
		mustSelf(t, n, "try", r)
	}
}

// busy starts a TryLock that must find the lock busy, and waits until it has.
func busy(n *lab.Node, resource, why string) *lab.Process {
	p := n.StartSelf("try", resource)
	p.WaitLine(why)
	return p
}

// The lock of a process that is killed passes to the one that waits.
func testKillSameNode(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	holder, waiter := holderAndWaiter(t, n, n, "kill0")
	try := busy(n, "kill0", "another process of this node")
	killed(t, holder, waiter)
	if r := try.Wait(); r.Status != tryBusy {
		t.Errorf("TryLock ended with %d, want %d: %s%s", r.Status, tryBusy, r.Stdout, r.Stderr)
	}
}

func testKillOtherNode(t *testing.T, c *lab.Cluster) {
	holder, waiter := holderAndWaiter(t, c.Node(0), c.Node(1), "kill1")
	// It finds the other process at the gate, so it does not get as far as the
	// kernel, which would make it wait.
	try := busy(c.Node(1), "kill1", "another process of this node")
	killed(t, holder, waiter)
	if r := try.Wait(); r.Status != tryBusy {
		t.Errorf("TryLock ended with %d, want %d: %s%s", r.Status, tryBusy, r.Stdout, r.Stderr)
	}
}

// A process that is killed while it waits in the kernel for one lock lets go of the
// other that it holds at once, although the wait cannot be ended. (Did it not, two such
// processes would wait for each other for ever.)
func testKillWaiter(t *testing.T, c *lab.Cluster) {
	const theirs = "kill2 theirs"
	holder := c.Node(1).StartSelf("hold", theirs)
	holder.WaitLine("held")
	both := killInKernel(t, c, "kill2 mine", theirs, "lock")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	both.Wait()
}

// So does one that only tries: the kernel makes it wait while another process of the
// node waits for the same lock.
func testKillTrier(t *testing.T, c *lab.Cluster) {
	const theirs = "kill3 theirs"
	holder, atLock := holderAndWaiter(t, c.Node(2), c.Node(1), theirs)
	atGate := c.Node(0).StartSelf("hold", theirs)
	atGate.WaitLine("waiting")
	both := killInKernel(t, c, "kill3 mine", theirs, "try")
	for _, p := range []*lab.Process{holder, atLock, atGate} {
		p.Kill(syscall.SIGTERM)
		good(t, p)
	}
	both.Wait()
}

// killInKernel kills a process of node 0 that holds a lock of its own while it waits
// for theirs in the kernel, and sees that another node gets the lock meanwhile.
func killInKernel(t *testing.T, c *lab.Cluster, mine, theirs, how string) *lab.Process {
	t.Helper()
	both := c.Node(0).StartSelf("both", mine, theirs, how)
	var pid int
	if _, err := fmt.Sscanf(both.WaitLine("held"), "held by %d", &pid); err != nil {
		t.Fatal(err)
	}
	c.Node(0).MustShell(fmt.Sprintf("until grep -q '^State:.D' /proc/%d/task/*/status; do sleep 0.05; done", pid))
	both.Kill(syscall.SIGKILL)
	next := c.Node(2).StartSelf("hold", mine)
	next.WaitLine("held") // while the killed process still waits
	next.Kill(syscall.SIGTERM)
	good(t, next)
	return both
}

// holderAndWaiter starts a process that holds the resource and one that waits
// for it.
func holderAndWaiter(t *testing.T, holds, waits *lab.Node, resource string) (holder, waiter *lab.Process) {
	t.Helper()
	holder = holds.StartSelf("hold", resource)
	holder.WaitLine("held")
	waiter = waits.StartSelf("hold", resource)
	if holds == waits {
		waiter.WaitLine("asking")
	} else {
		waiter.WaitLine("waiting")
	}
	return holder, waiter
}

func killed(t *testing.T, holder, waiter *lab.Process) {
	t.Helper()
	if strings.Contains(waiter.Stdout(), "held") {
		t.Fatal("two holders")
	}
	dead := time.Now()
	holder.Kill(syscall.SIGKILL)
	waiter.WaitLine("held")
	t.Logf("granted %v after the kill", time.Since(dead))
	waiter.Kill(syscall.SIGTERM)
	good(t, waiter)
}

// A domain that was removed is joined again, and its lock still excludes the
// other node.
func testRejoin(t *testing.T, c *lab.Cluster) {
	n := c.Node(1)
	// Idle locks of the other parts, which keep the directory.
	n.MustShell("rm -f /dlm/" + domain + "/* /dlm/" + domain + "/.gate*")
	mustSelf(t, n, "rejoin", "rejoin")
	holder := c.Node(0).StartSelf("hold", "rejoin")
	holder.WaitLine("held")
	try := busy(n, "rejoin", "another node")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	if r := try.Wait(); r.Status != tryBusy {
		t.Errorf("TryLock ended with %d, want %d: %s%s", r.Status, tryBusy, r.Stdout, r.Stderr)
	}
}

// Removing lock files while they are in use costs nobody exclusion.
func testUnlink(t *testing.T, c *lab.Cluster) {
	const total = 100
	before := counted(t, c)
	stop := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		stop[i] = n.Start(shell("while :; do rm -f /dlm/" + domain + "/unlink 2>&-; sleep 0.02; done"))
	}
	var running []*lab.Process
	for i := range 4 {
		running = append(running, c.Node(i%len(c.Nodes())).StartSelf("count", "unlink", c.Disk(1), "2", fmt.Sprint(share(total, 4, i))))
	}
	for _, p := range running {
		good(t, p)
	}
	for _, p := range stop {
		p.Kill(syscall.SIGKILL)
	}
	if got := counted(t, c) - before; got != total {
		t.Errorf("the sum is %d, want %d", got, total)
	}
}

// A node that dies with the lock: the other has it once it has declared it dead.
//
// The kernel declares the node dead (threshold - 1) x 2 to (threshold + 1) x 2
// seconds after the cut, and looks for locks to recover every 5 s, counted from
// the join: 8 to 17 s here (o2hb_check_slot in fs/ocfs2/cluster/heartbeat.c,
// dlm_recovery_thread in fs/ocfs2/dlm/dlmrecovery.c). What is allowed beyond that
// is for this machine. A failure shows the kernel's log of both.
func testPowerCut(t *testing.T, c *lab.Cluster) {
	const limit = (rig.DeadThreshold+1)*2*time.Second + 5*time.Second + 5*time.Second
	// What dies with the node: a value and a token that it has just written.
	owner := c.Node(0).StartSelf("act", "lost", "lock", "set=precious", "token", "pause")
	before := number(owner.WaitLine("token "))
	owner.WaitLine("pause")
	_, waiter := holderAndWaiter(t, c.Node(0), c.Node(1), "cut")
	if strings.Contains(waiter.Stdout(), "held") {
		t.Fatal("two holders")
	}
	cut := time.Now()
	c.Node(0).PowerOff()
	waiter.WaitLine("held")
	took := time.Since(cut)
	t.Logf("granted %v after the power cut", took)
	if took > limit {
		t.Errorf("granted %v after the power cut, want at most %v; the survivor's kernel, up %s s now:\n%s", took, limit,
			strings.Fields(c.Node(1).MustRun("cat", "/proc/uptime").Stdout)[0],
			c.Node(1).MustShell("dmesg | grep -E 'o2dlm|o2net|o2cb:'").Stdout)
	}
	waiter.Kill(syscall.SIGTERM)
	good(t, waiter)

	heir := c.Node(1).RunSelf("act", "lost", "lock", "read", "token", "release")
	if after := number(line(heir.Stdout, "token ")); heir.Status != 0 || !strings.Contains(heir.Stdout, "no value") ||
		!strings.Contains(heir.Stdout, "restarted") || after <= before {
		t.Errorf("after the death of the owner, whose token was %d: status %d\n%s%s", before, heir.Status, heir.Stdout, heir.Stderr)
	}
}

// The cluster is not taken from under a process that waits: o2cb_ctl names it, and the
// wait goes on.
func testOfflineWaiter(t *testing.T, c *lab.Cluster) {
	holder, waiter := holderAndWaiter(t, c.Node(1), c.Node(0), "offline")
	tool := rig.Tool(t, "o2cb_ctl")
	for _, args := range [][]string{{"offline"}, {"offline", "--force", "--grace", "2s"}} {
		r := c.Node(0).Run(tool, args...)
		if r.Status != 1 || !strings.Contains(r.Stderr, "waits in the kernel for a lock that another node holds") {
			t.Errorf("%q under a waiter: status %d, %s%s", args, r.Status, r.Stdout, r.Stderr)
		}
	}
	if strings.Contains(waiter.Stdout(), "held") {
		t.Error("two holders")
	}
	for _, p := range []*lab.Process{holder, waiter} {
		p.Kill(syscall.SIGTERM)
		good(t, p)
	}
}

// A node that is cut off with the lock: its kernel resets it, and only then does the
// other have the lock. Node 0 is dead already; of the two that are left that with the
// lower number stays.
func testPartition(t *testing.T, c *lab.Cluster) {
	off := c.Node(2)
	_, waiter := holderAndWaiter(t, off, c.Node(1), "partition")
	off.ExpectOff()
	c.Cut(1, 2)
	waiter.WaitLine("held")
	select {
	case <-off.Off():
	default:
		t.Error("the lock has passed on while the node that had it runs")
	}
	waiter.Kill(syscall.SIGTERM)
	good(t, waiter)
}

// good waits for a process and fails the test unless it succeeded.
func good(t *testing.T, p *lab.Process) {
	t.Helper()
	if r := p.Wait(); r.Status != 0 {
		t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
}

func mustSelf(t *testing.T, n *lab.Node, role string, args ...string) {
	t.Helper()
	if r := n.RunSelf(role, args...); r.Status != 0 {
		t.Errorf("%s: %s: status %d: %s%s", n.Name(), role, r.Status, r.Stdout, r.Stderr)
	}
}

func shell(script string) lab.Command {
	return lab.Command{Args: []string{"sh", "-c", script}}
}
