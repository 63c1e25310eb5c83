// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/chaos/history"
	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

// TestChaos has programs use locks while they are killed and their nodes die. What
// C programs and ours make of the same locks comes first, while all nodes are well.
func TestChaos(t *testing.T) {
	outlive(t, func(tb lab.TB, c *lab.Cluster) {
		testTorture(tb, c)
		testStorm(tb, c)
	})
}

// TestBroken shows that broken libraries are found out. Their nodes are not fit for
// anything else afterwards.
func TestBroken(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			outlive(t, func(tb lab.TB, c *lab.Cluster) { testBroken(tb, c, f.fault, f.found) })
		})
	}
}

// faults are broken libraries, and by what they are found out.
var faults = []struct {
	fault
	found error
}{
	{fault{"no exclusion of processes", "acquire.go",
		"err = r.exclude(dir, &r.file, fd, level, q)", "err = nil"}, history.ErrOverlap},
	{fault{"no exclusion of nodes", "mutex_state.go",
		"return inUse(m.state.Load())", "return !m.leaving && inUse(m.state.Load())"}, history.ErrOverlap},
	{fault{"no token", "token.go",
		"return (t | restarted) + 1", "return max(t, 2)"}, history.ErrRegister},
}

// testBroken lets a broken library run, longer each time: on a busy machine little
// happens at first.
func testBroken(tb lab.TB, c *lab.Cluster, f fault, found error) {
	worker := build(tb, f)
	var wrong []error
	for _, patience := range []time.Duration{1500 * time.Millisecond, 5 * time.Second, 15 * time.Second} {
		r := begin(tb, c, worker, fmt.Sprint(f.name, " ", patience))
		time.Sleep(patience)
		wrong = r.end()
		if errors.Is(errors.Join(wrong...), found) {
			tb.Logf("%s", first(wrong))
			return
		}
	}
	tb.Errorf("this library passed, want %q; found:\n%s", found, first(wrong))
}

func testStorm(tb lab.TB, c *lab.Cluster) {
	r := begin(tb, c, build(tb, none), "chaos")
	r.storm(stormTime(tb))
	for n, end := r.recorded(), time.Now().Add(overtime); n < leastOperations && time.Now().Before(end); {
		before := n
		r.gusts(overtime / 20)
		if n = r.recorded(); n == before {
			tb.Fatalf("nobody got a lock for %v, and no node is away\n%s", overtime/20, r.hang(r.guests[0].alive()[0]))
		}
	}
	if wrong := r.end(); len(wrong) != 0 {
		tb.Errorf("%d violations:\n%s", len(wrong), first(wrong))
	}
	if n := r.history.Len(); n < leastOperations {
		tb.Errorf("%d operations say too little, want %d", n, leastOperations)
	}
}
