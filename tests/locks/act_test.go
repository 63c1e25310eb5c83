// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// act RESOURCE STEP… does the steps with one hold, and prints a line after each.
// The step "pause" waits for SIGTERM.
func act(d *libo2dlm.Domain, args []string) error {
	more := make(chan os.Signal, 8)
	signal.Notify(more, syscall.SIGTERM)
	defer signal.Reset()
	a := &actor{d: d, resource: args[0], more: more}
	for _, step := range args[1:] {
		line, err := a.do(step)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		fmt.Println(line)
	}
	return nil
}

type actor struct {
	d        *libo2dlm.Domain
	resource string
	more     chan os.Signal
	h        *libo2dlm.Hold
}

func (a *actor) do(step string) (line string, err error) {
	verb, value, _ := strings.Cut(step, "=")
	line = step
	switch verb {
	case "lock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Exclusive)
	case "rlock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Shared)
	case "tryrlock":
		a.h, err = a.d.TryLock(a.resource, libo2dlm.Shared)
	case "downgrade":
		err = a.h.Downgrade()
	case "upgrade":
		err = a.h.TryUpgrade()
	case "upgrade-busy":
		if err = a.h.TryUpgrade(); errors.Is(err, libo2dlm.ErrBusy) {
			return line, nil
		}
		err = fmt.Errorf("TryUpgrade returned %w", err)
	case "contended":
		<-a.h.Contended()
	case "value":
		err = a.h.SetValue([]byte(value))
	case "read":
		return a.read()
	case "token":
		token := a.h.Token()
		line = fmt.Sprintf("token %v", token)
		if token.Restarted() {
			line += " restarted"
		}
	case "release":
		err = a.h.Release()
	case "drop":
		err = a.h.ReleaseAndDrop()
	case "pause":
		fmt.Println("pause")
		<-a.more
		line = "on"
	default:
		err = errors.New("no such step")
	}
	return line, err
}

func (a *actor) read() (string, error) {
	value, err := a.h.Value()
	if errors.Is(err, libo2dlm.ErrValueLost) {
		return "no value", nil
	}
	return fmt.Sprintf("value %s", value), err
}

// number returns the number in a line such as "token 17 restarted".
func number(line string) int {
	words := strings.Fields(line)
	n, err := strconv.Atoi(words[min(1, len(words)-1)])
	if err != nil {
		panic(fmt.Sprintf("no number in %q", line))
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
	writer := c.Node(0).StartSelf("act", r, "lock", "value=one", "pause", "downgrade", "pause", "upgrade-busy", "pause",
		"upgrade", "value=two", "downgrade", "upgrade", "release")
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
	writer.WaitLine("value=two")
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
		got := n.RunSelf("act", r, "lock", "read", fmt.Sprintf("value=of %s", n.Name()), "token", "release", "rlock", "token", "release")
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
