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

// One pair of nodes serves all: a heartbeat takes ten seconds to start. Each
// part has resources of its own; the last one costs a node.
func TestTwoNodes(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("heartbeat", "64M"), lab.Disk("counter", "1M"))
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
		{"kill on the same node", testKillSameNode},
		{"kill on another node", testKillOtherNode},
		{"rejoin", testRejoin},
		{"unlink", testUnlink},
		{"power cut", testPowerCut},
	} {
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

// Two nodes, three processes each, four goroutines each: no increment is lost.
func testSum(t *testing.T, c *lab.Cluster) {
	const processes, goroutines, total = 3, 4, 10000
	parts := processes * len(c.Nodes())
	var running []*lab.Process
	for i := range parts {
		n := c.Node(i % len(c.Nodes()))
		running = append(running, n.StartSelf("count", "sum", c.Disk(1), fmt.Sprint(goroutines), fmt.Sprint(share(total, parts, i))))
	}
	start := time.Now()
	for _, p := range running {
		good(t, p)
	}
	t.Logf("%d increments in %v", total, time.Since(start))
	if got := counted(t, c); got != total {
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

// What TryLock says is what its documentation says.
func testTry(t *testing.T, c *lab.Cluster) {
	const r = "try"
	holder := c.Node(0).StartSelf("hold", r)
	holder.WaitLine("held")
	tries(t, c.Node(0), r, tryBusy, "another process of this node")
	tries(t, c.Node(1), r, tryBusy, "another node")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	tries(t, c.Node(0), r, tryLocked, "")
	tries(t, c.Node(1), r, tryBusy, "another node") // node 0 caches it

	fetcher := c.Node(1).StartSelf("hold", r)
	fetcher.WaitLine("held")
	fetcher.Kill(syscall.SIGTERM)
	good(t, fetcher)
	tries(t, c.Node(1), r, tryLocked, "")
	tries(t, c.Node(0), r, tryBusy, "another node")
}

func tries(t *testing.T, n *lab.Node, resource string, status int, why string) {
	t.Helper()
	r := n.RunSelf("try", resource)
	if r.Status != status || !strings.Contains(r.Stdout, why) {
		t.Errorf("%s: TryLock ended with %d, want %d: %s%s", n.Name(), r.Status, status, r.Stdout, r.Stderr)
	}
}

// The lock of a process that is killed passes to the one that waits.
func testKillSameNode(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	holder, waiter := holderAndWaiter(t, n, n, "kill0")
	tries(t, n, "kill0", tryBusy, "another process of this node")
	killed(t, holder, waiter)
}

func testKillOtherNode(t *testing.T, c *lab.Cluster) {
	holder, waiter := holderAndWaiter(t, c.Node(0), c.Node(1), "kill1")
	// The kernel makes a request that must not queue wait behind one of the same
	// node that does. TryLock does not wait for it; only its process does.
	try := c.Node(1).StartSelf("try", "kill1")
	try.WaitLine("has not answered")
	killed(t, holder, waiter)
	if r := try.Wait(); r.Status != tryBusy {
		t.Errorf("TryLock ended with %d, want %d: %s%s", r.Status, tryBusy, r.Stdout, r.Stderr)
	}
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
	holder.Kill(syscall.SIGKILL)
	waiter.WaitLine("held")
	waiter.Kill(syscall.SIGTERM)
	good(t, waiter)
}

// A domain that was removed is joined again, and its lock still excludes the
// other node.
func testRejoin(t *testing.T, c *lab.Cluster) {
	n := c.Node(1)
	// Idle locks of the other parts, which keep the directory.
	n.MustShell("rm -f /dlm/" + domain + "/*")
	mustSelf(t, n, "rejoin", "rejoin")
	holder := c.Node(0).StartSelf("hold", "rejoin")
	holder.WaitLine("held")
	tries(t, n, "rejoin", tryBusy, "another node")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
}

// Removing lock files while they are in use costs nobody exclusion.
func testUnlink(t *testing.T, c *lab.Cluster) {
	const total = 300
	before := counted(t, c)
	stop := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		stop[i] = n.Start(shell("while :; do rm -f /dlm/" + domain + "/unlink 2>&-; done"))
	}
	var running []*lab.Process
	for i := range 4 {
		running = append(running, c.Node(i%2).StartSelf("count", "unlink", c.Disk(1), "2", fmt.Sprint(share(total, 4, i))))
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
