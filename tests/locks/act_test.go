// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/actor"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// number returns the number in a line such as "token 17 restarted".
func number(line string) int {
	n, err := actor.Number(line)
	if err != nil {
		panic(err)
	}
	return n
}

// line returns the first line of a text that starts with the words.
func line(text, start string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, start) {
			return l
		}
	}
	return "none 0"
}

// Readers of all nodes hold the lock together, and a writer waits for all.
func testShared(t *testing.T, c *lab.Cluster) {
	const r = "shared"
	var readers []*lab.Process
	for _, n := range c.Nodes() {
		p := n.StartSelf("act", r, "rlock", "pause", "contended", "release")
		p.WaitLine("pause")
		readers = append(readers, p)
	}
	writer := c.Node(1).StartSelf("act", r, "lock", "release")
	for _, p := range readers {
		p.Kill(syscall.SIGTERM)
	}
	for _, p := range append(readers, writer) {
		good(t, p)
	}
	for _, n := range c.Nodes() {
		mustSelf(t, n, "act", r, "tryrlock", "release")
	}
}

// A writer who goes down lets the readers in who wait, and goes up again when
// they have gone, also where they have the lock cached.
func testDownAndUp(t *testing.T, c *lab.Cluster) {
	const r = "down"
	writer := c.Node(0).StartSelf("act", r, "lock", "set=one", "pause", "downgrade", "pause", "upgrade-busy", "pause",
		"upgrade", "set=two", "downgrade", "upgrade", "release")
	writer.WaitLine("pause")
	reader := c.Node(1).StartSelf("act", r, "rlock", "read", "pause", "release")
	late := c.Node(2).StartSelf("act", r, "rlock", "read", "release")
	time.Sleep(200 * time.Millisecond) // they wait by now, most of the time
	writer.Kill(syscall.SIGTERM)
	reader.WaitLine("value one")
	late.WaitLine("value one")
	good(t, late)
	reader.WaitLine("pause")
	writer.WaitLine("pause")
	writer.Kill(syscall.SIGTERM)
	writer.WaitLine("upgrade-busy")
	writer.WaitLine("pause")
	reader.Kill(syscall.SIGTERM)
	good(t, reader)
	writer.Kill(syscall.SIGTERM)
	writer.WaitLine("set=two")
	late = c.Node(1).StartSelf("act", r, "rlock", "read", "release")
	good(t, writer)
	late.WaitLine("value two")
	good(t, late)
}

// Value and token travel from node to node.
func testValues(t *testing.T, c *lab.Cluster) {
	const r = "values"
	last := 0
	for i, n := range c.Nodes() {
		got := n.RunSelf("act", r, "lock", "read", fmt.Sprintf("set=of %s", n.Name()), "token", "release", "rlock", "token", "release")
		want := "no value"
		if i > 0 {
			want = "value of " + c.Node(i-1).Name()
		}
		token := number(line(got.Stdout, "token "))
		if got.Status != 0 || !strings.Contains(got.Stdout, want+"\n") || token <= last || strings.Contains(got.Stdout, "restarted") != (i == 0) ||
			strings.Count(got.Stdout, fmt.Sprint("token ", token)) != 2 {
			t.Errorf("%s, after token %d: status %d\n%s%s", n.Name(), last, got.Status, got.Stdout, got.Stderr)
		}
		last = token
	}
}

// A lock that was dropped is free for a request of another node that must not
// wait, and that gets no grace.
func testDrop(t *testing.T, c *lab.Cluster) {
	for step, want := range map[string]int{"release": tryBusy, "drop": tryLocked} {
		mustSelf(t, c.Node(0), "act", "drop-"+step, "lock", step)
		got := c.Node(1).RunSelf("try", "drop-"+step, "at once")
		if got.Status != want {
			t.Errorf("after %s: status %d, want %d: %s%s", step, got.Status, want, got.Stdout, got.Stderr)
		}
	}
}
