// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestOverdue: a command that runs too long is asked where it hangs before it is
// killed, and the console gets what the kernel knows.
func TestOverdue(t *testing.T) {
	n := Start(t, Nodes(1)).Node(0)
	p, err := n.Launch(Command{
		Args:  []string{"sh", "-c", `trap 'echo here I hang >&2; exit' QUIT; echo begun; while :; do busybox sleep 0.1; done`},
		Limit: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := p.limit()
	defer cancel()
	_, err = p.Await(ctx)
	if err == nil {
		t.Fatal("an endless command ended by itself")
	}
	for _, want := range []string{"still running after 1s", "begun", "here I hang"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	console, err := os.ReadFile(n.Console())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(console), "sysrq: Show Blocked State") {
		t.Errorf("the console has no blocked tasks:\n%s", console)
	}
}
