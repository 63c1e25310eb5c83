// SPDX-License-Identifier: Apache-2.0

package global

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestBesideDebian starts and stops the same regions with Debian's o2cb and with
// ours, and mixed: what they leave in the kernel and in the semaphores is the same.
func TestBesideDebian(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 3)
	n := e.Node(0)
	for i, name := range []string{"one", "two", "three"} { // Debian's finds no disk called ubd
		e.rename(n, i, name)
	}
	e.register()
	const theirs = "/sbin/o2cb"
	ours := rig.Tool(t, "o2cb")

	e.everywhere("Global heartbeat started\n", theirs, "start-heartbeat", "web")
	want := e.state(n)
	if strings.Count(want, ": 1 refs\n") != 3 {
		t.Fatalf("Debian's o2cb leaves\n%s", want)
	}
	e.everywhere("Global heartbeat started\n", ours, "start-heartbeat", "web")
	if got := e.state(n); got != want {
		t.Errorf("ours after Debian's: now\n%s\nand before\n%s", got, want)
	}
	e.everywhere("Global heartbeat stopped\n", ours, "stop-heartbeat", "web")
	e.wantRunning(n)

	e.everywhere("Global heartbeat started\n", ours, "start-heartbeat", "web")
	if got := e.state(n); got != want {
		t.Errorf("ours leaves\n%s\nDebian's\n%s", got, want)
	}
	e.everywhere("Global heartbeat started\n", theirs, "start-heartbeat", "web")
	if got := e.state(n); got != want {
		t.Errorf("Debian's after ours: now\n%s\nand before\n%s", got, want)
	}

	// A region that leaves the file stops with the next start, as ever.
	n.MustRun(ours, "remove-heartbeat", "web", e.regions[1])
	e.everywhere("Global heartbeat started\n", ours, "start-heartbeat", "web")
	e.wantRunning(n, e.regions[0], e.regions[2])
	e.everywhere("Global heartbeat stopped\n", theirs, "stop-heartbeat", "web")
	e.wantRunning(n)
}
