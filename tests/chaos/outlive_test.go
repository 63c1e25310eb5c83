// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// crash is what the kernel says when it panics in dlmfs by a mistake of its own, which
// any program can meet that opens and closes locks: see docs/kernel-notes.md.
const crash = "requested ivmode. flags"

// attempts is how many clusters a test gets when that happens, about once in fifty.
const attempts = 3

// outlive runs a test on a cluster of its own, and once more on another one when a
// kernel has crashed in dlmfs. Nothing else is forgiven.
func outlive(t *testing.T, test func(tb lab.TB, c *lab.Cluster)) {
	t.Helper()
	for range attempts {
		passed, crashed := attempt(t, cluster, test)
		switch {
		case passed:
			return
		case !crashed:
			t.FailNow()
		}
		t.Logf("a kernel has crashed in dlmfs (%q); once more", crash)
	}
	t.Fatalf("a kernel has crashed in dlmfs on each of %d clusters", attempts)
}

// attempt runs a test on a cluster, and tells whether a kernel has crashed in dlmfs.
func attempt(t *testing.T, start func(lab.TB) *lab.Cluster, test func(lab.TB, *lab.Cluster)) (passed, crashed bool) {
	r := lab.NewReporter(t.Name(), lines{t})
	passed = r.Run(func() {
		c := start(r)
		defer func() { crashed = hasCrashed(t, c) }()
		test(r, c)
	})
	return passed, crashed
}

// TestAttempt shows what is forgiven, and that nothing else is.
func TestAttempt(t *testing.T) {
	const panics = "echo c > /proc/sysrq-trigger"
	for _, c := range []struct {
		name, script    string
		passed, crashed bool
	}{
		{"nothing happens", "true", true, false},
		{"a kernel crashes in dlmfs", "echo '<0>Lockres r, " + crash + " 0x35' > /dev/kmsg; " + panics, false, true},
		{"a kernel crashes elsewhere", panics, false, false},
		{"a program fails", "false", false, false},
	} {
		one := func(tb lab.TB) *lab.Cluster { return lab.Start(tb, lab.Nodes(1)) }
		passed, crashed := attempt(t, one, func(_ lab.TB, l *lab.Cluster) { l.Node(0).MustShell(c.script) })
		if passed != c.passed || crashed != c.crashed {
			t.Errorf("%s: passed %v, crashed %v", c.name, passed, crashed)
		}
	}
}

// hasCrashed tells whether one of the kernels did so.
func hasCrashed(t *testing.T, c *lab.Cluster) bool {
	for _, n := range c.Nodes() {
		console, err := os.ReadFile(n.Console())
		if err != nil {
			t.Error(err)
		}
		if bytes.Contains(console, []byte(crash)) {
			return true
		}
	}
	return false
}

// lines makes what is written the log of a test.
type lines struct{ t *testing.T }

func (l lines) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// cluster returns three nodes whose heartbeat runs.
func cluster(tb lab.TB) *lab.Cluster {
	tb.Helper()
	c := lab.Start(tb, lab.Nodes(3), lab.Disk("heartbeat", "64M"), lab.Disk("registers", "1M"))
	rig.Load(tb, c)
	rig.Online(tb, c)
	rig.Format(c)
	rig.Heartbeat(tb, c)
	return c
}
