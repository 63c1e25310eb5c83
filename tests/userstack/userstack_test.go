// SPDX-License-Identifier: Apache-2.0

package userstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/actor"
	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func(args []string) int{
		"act":       role(act(nil)),
		"exclusive": role(act(&libo2dlm.JoinOptions{ExclusiveOnly: true, TryGrace: -1})),
		"controld":  role(controld),
	})
}

// role makes a command of a function.
func role(play func(args []string) error) func(args []string) int {
	return func(args []string) int {
		if err := play(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}

// domain is the lock domain of all tests, and so the name of the lockspace.
const domain = "web"

// act returns a role that joins the domain and does steps with one lock of it.
func act(opts *libo2dlm.JoinOptions) func(args []string) error {
	return func(args []string) error {
		d, err := libo2dlm.Join(context.Background(), domain, opts)
		if err != nil {
			return err
		}
		return errors.Join(actor.Play(d, args), d.Close())
	}
}

// TestStockKernel is one node on the kernel that Debian's users run, from the
// first domain that is joined to the last that is left.
func TestStockKernel(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Nodes(1))
	daemons := testLocks(t, c)
	c.Node(0).MustShell("find /dlm/" + domain + " -delete && umount /dlm")
	daemons[0].WaitLine("left " + domain)
	daemons[0].Kill(syscall.SIGTERM)
	good(t, daemons[0])
}

// TestTwoNodes has values and requests travel between two nodes: where there is
// one only, the kernel keeps the value block and sends nothing. The domain is not
// left: that waits while the other node counts this one as a member, and the
// daemons here change nothing.
func TestTwoNodes(t *testing.T) {
	testLocks(t, lab.Start(t, lab.Nodes(2)))
}

// testLocks plays each part between a program on the first node and one on the
// last, and returns the daemons.
func testLocks(t *testing.T, c *lab.Cluster) []*lab.Process {
	for _, n := range c.Nodes() {
		load(n)
	}
	first, last := c.Node(0), c.Node(len(c.Nodes())-1)
	testNoDaemon(t, first)
	daemons := startDaemons(c)
	joinAll(t, c)
	for _, part := range []struct {
		name string
		test func(t *testing.T, first, last *lab.Node)
	}{
		{"values and tokens", testValues},
		{"busy", testBusy},
		{"shared", testShared},
		{"contended", testContended},
		{"mutex", testMutex},
		{"down and up", testDownAndUp},
		{"sum", func(t *testing.T, first, last *lab.Node) { testSum(t, first, last, "act") }},
		{"sum without a gate", func(t *testing.T, first, last *lab.Node) { testSum(t, first, last, "exclusive") }},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, first, last) }) {
			t.FailNow()
		}
	}
	return daemons
}

// load selects the user stack and mounts dlmfs.
func load(n *lab.Node) {
	n.MustShell(`set -e
		for module in configfs dlm ocfs2_stackglue ocfs2_stack_user ocfs2_dlmfs; do modprobe $module; done
		mount -t configfs none /sys/kernel/config
		echo pcmk > /sys/fs/ocfs2/cluster_stack
		mkdir /dlm
		mount -t ocfs2_dlmfs none /dlm
		test "$(cat /sys/fs/ocfs2/max_locking_protocol)" = 1.0`)
}

// A node without the daemon cannot join a domain, and is told so.
func testNoDaemon(t *testing.T, n *lab.Node) {
	r := n.RunSelf("act", "unused")
	if r.Status == 0 || !strings.Contains(r.Stderr, "dlm_controld") {
		t.Errorf("status %d, %q", r.Status, r.Stderr)
	}
}

// startDaemons returns the daemon of each node, ready for domains to be joined.
func startDaemons(c *lab.Cluster) []*lab.Process {
	var addresses []string
	for _, n := range c.Nodes() {
		addresses = append(addresses, n.Addr())
	}
	var daemons []*lab.Process
	for i, n := range c.Nodes() {
		daemons = append(daemons, n.StartSelf("controld", append([]string{fmt.Sprint(i + 1)}, addresses...)...))
	}
	for _, d := range daemons {
		d.WaitLine("ready")
	}
	return daemons
}

// joinAll has all nodes join at once, because each waits for the others.
func joinAll(t *testing.T, c *lab.Cluster) {
	t.Helper()
	var joins []*lab.Process
	for _, n := range c.Nodes() {
		joins = append(joins, n.StartSelf("act", "unused"))
	}
	for _, p := range joins {
		good(t, p)
	}
}

// A value may be as long as over O2CB, and the next holder finds it, be it the
// same process or another one. Each has a higher token than the one before.
func testValues(t *testing.T, first, last *lab.Node) {
	longest := strings.Repeat("value 8.", libo2dlm.MaxValue/8)
	one := first.RunSelf("act", "values", "lock", "read", "token", "set="+longest, "set-too-long="+longest+"!", "raw", "release",
		"lock", "read", "token", "release", "rlock", "read", "release")
	another := last.RunSelf("act", "values", "lock", "read", "raw", "token", "release")
	if one.Status != 0 || another.Status != 0 {
		t.Fatalf("status %d and %d: %s%s", one.Status, another.Status, one.Stderr, another.Stderr)
	}
	output := one.Stdout + another.Stdout
	if !strings.Contains(one.Stdout, "no value\n") {
		t.Errorf("a value that nobody has set was read:\n%s", one.Stdout)
	}
	if n := strings.Count(output, "value "+longest+"\n"); n != 3 {
		t.Errorf("the value was read %d times, want 3:\n%s", n, output)
	}
	// DLM_LVB_LEN of fs/ocfs2/dlm/dlmapi.h, which dlmfs asks of fs/dlm as well.
	if n := strings.Count(output, "block of 64 bytes\n"); n != 2 {
		t.Errorf("the block had 64 bytes %d times, want 2:\n%s", n, output)
	}
	if got := tokens(t, output); len(got) != 3 || got[0] >= got[1] || got[1] >= got[2] {
		t.Errorf("the tokens were %v", got)
	}
}

// tokens returns the numbers in lines such as "token 17".
func tokens(t *testing.T, output string) (numbers []int) {
	t.Helper()
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "token ") {
			continue
		}
		n, err := actor.Number(line)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// What one program holds is busy for another, and free when it was released. A
// refusal by another node would hang the lock for ever: see the kernel notes.
func testBusy(t *testing.T, first, last *lab.Node) {
	holder := first.StartSelf("act", "busy", "lock", "pause", "release")
	holder.WaitLine("pause")
	// Its request stays in the kernel until the holder releases.
	other := last.StartSelf("act", "busy", "try-busy")
	other.WaitLine("try-busy")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	good(t, other)
	must(t, last, "busy", "try", "release")
	must(t, first, "busy", "try", "release")
	if r := last.RunSelf("exclusive", "busy", "try", "release"); r.Status != 0 {
		t.Errorf("without a grace: status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
}

// Programs hold the lock together, and keep a writer out.
func testShared(t *testing.T, first, last *lab.Node) {
	holder := first.StartSelf("act", "shared", "rlock", "pause", "release")
	holder.WaitLine("pause")
	must(t, last, "shared", "rlock", "release")
	writer := last.StartSelf("act", "shared", "try-busy")
	writer.WaitLine("try-busy")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	good(t, writer)
	must(t, last, "shared", "rlock", "upgrade", "release")
}

// A holder hears that another program wants the lock, which gets it when it is released.
func testContended(t *testing.T, first, last *lab.Node) {
	holder := first.StartSelf("act", "contended", "lock", "pause", "contended", "set=seen", "release")
	holder.WaitLine("pause")
	waiter := last.StartSelf("act", "contended", "lock", "read", "release")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	waiter.WaitLine("value seen")
	good(t, waiter)
}

// A Mutex that only keeps the lock gives it up to another program.
func testMutex(t *testing.T, first, last *lab.Node) {
	keeper := first.StartSelf("act", "mutex", "mutex", "pause", "mutex")
	keeper.WaitLine("pause")
	must(t, last, "mutex", "lock", "release", "mutex", "try", "release")
	keeper.Kill(syscall.SIGTERM)
	good(t, keeper)
}

// A writer who goes down lets a reader in, and goes up again when it has gone.
func testDownAndUp(t *testing.T, first, last *lab.Node) {
	writer := first.StartSelf("act", "down", "lock", "set=one", "downgrade", "pause", "upgrade-busy", "pause", "upgrade", "set=two", "release")
	writer.WaitLine("pause")
	reader := last.StartSelf("act", "down", "rlock", "read", "pause", "release")
	reader.WaitLine("value one")
	reader.WaitLine("pause")
	writer.Kill(syscall.SIGTERM)
	writer.WaitLine("upgrade-busy")
	writer.WaitLine("pause")
	reader.Kill(syscall.SIGTERM)
	good(t, reader)
	writer.Kill(syscall.SIGTERM)
	good(t, writer)
	next := last.RunSelf("act", "down", "rlock", "read", "release")
	if !strings.Contains(next.Stdout, "value two\n") {
		t.Errorf("status %d: %s%s", next.Status, next.Stdout, next.Stderr)
	}
}

// Programs of both nodes count at once, and no increment is lost.
func testSum(t *testing.T, first, last *lab.Node, role string) {
	const programs, times = 2, 50
	var counters []*lab.Process
	for range programs {
		for _, n := range []*lab.Node{first, last} {
			counters = append(counters, n.StartSelf(role, "sum by "+role, fmt.Sprint("count=", times)))
		}
	}
	for _, p := range counters {
		good(t, p)
	}
	sum := first.RunSelf(role, "sum by "+role, "lock", "read", "release")
	if want := fmt.Sprintf("value %d\n", 2*programs*times); !strings.Contains(sum.Stdout, want) {
		t.Errorf("status %d, want %s: %s%s", sum.Status, want, sum.Stdout, sum.Stderr)
	}
}

// must runs the steps of the role "act" on a node.
func must(t *testing.T, n *lab.Node, resource string, steps ...string) {
	t.Helper()
	good(t, n.StartSelf("act", append([]string{resource}, steps...)...))
}

// good waits for a command that must not fail.
func good(t *testing.T, p *lab.Process) {
	t.Helper()
	if r := p.Wait(); r.Status != 0 {
		t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
}
