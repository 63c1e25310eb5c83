// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// A C program, linked to the library of ocfs2-tools, and ours on other nodes take
// turns with one lock. Each finds in its value block how many turns there were
// before, and adds its own: together they see each number once, and each of them
// sees them grow. (One C program on a node: their library does not keep the
// programs of a node apart.)
func testTorture(tb lab.TB, c *lab.Cluster) {
	const turns = 3000
	theirs, ours := rig.CompileLocks(context.Background(), tb, "testdata/torture.c"), build(tb, none)
	var running []*lab.Process
	for i, n := range c.Nodes() {
		program, args := ours, []string{installed(ours), "torture"}
		if i < 2 {
			program, args = theirs, []string{installed(theirs)}
		}
		n.Push(program, installed(program))
		running = append(running, n.Start(lab.Command{Args: append(args, "torture", "lock", fmt.Sprint(turns))}))
	}
	seen := map[int]bool{}
	changes, last := 0, -1
	who := map[int]int{}
	for i, p := range running {
		r := p.Wait()
		if r.Status != 0 {
			tb.Fatalf("%s: status %d: %s", p.Stdout(), r.Status, r.Stderr)
		}
		before := 0
		for line := range strings.Lines(r.Stdout) {
			turn, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				tb.Fatalf("%v", err)
			}
			if seen[turn] || turn <= before || turn > turns*len(running) {
				tb.Fatalf("node %d had turn %d after %d; somebody else had it: %v", i, turn, before, seen[turn])
			}
			seen[turn], before, who[turn] = true, turn, i
		}
	}
	if len(seen) != turns*len(running) {
		tb.Errorf("%d turns, want %d", len(seen), turns*len(running))
	}
	for turn := range len(seen) {
		if who[turn+1] != last {
			changes, last = changes+1, who[turn+1]
		}
	}
	tb.Logf("%d turns; the lock changed nodes %d times", len(seen), changes)
	// One after the other they would have changed it once each. How much oftener they do
	// is for the machine to say: a node that has the lock uses it until the other's
	// request arrives.
	if changes < 2*len(running) {
		tb.Errorf("the lock changed nodes only %d times: the programs did not run side by side", changes)
	}
}
