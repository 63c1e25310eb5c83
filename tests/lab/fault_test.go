// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestFaults has three nodes: what node 0 broadcasts under a fault to node 1 has
// certainly been judged by the switch once node 2 has heard it.
func TestFaults(t *testing.T) {
	c := lab.Start(t, lab.Nodes(3))
	t.Run("cut", func(t *testing.T) { testCut(t, c) })
	t.Run("one way", func(t *testing.T) { testOneWay(t, c) })
	t.Run("delay", func(t *testing.T) { testDelay(t, c) })
	t.Run("drop", func(t *testing.T) { testDrop(t, c) })
}

// ears starts a listener on every node.
func ears(t *testing.T, c *lab.Cluster) []*lab.Process {
	t.Helper()
	var all []*lab.Process
	for _, n := range c.Nodes() {
		p := n.StartSelf("hear")
		p.WaitLine("listening")
		t.Cleanup(func() { p.Kill(9); p.Wait() })
		all = append(all, p)
	}
	return all
}

func tell(t *testing.T, n *lab.Node, text string) {
	t.Helper()
	if r := n.RunSelf("say", text); r.Status != 0 {
		t.Fatalf("say on %s: %+v", n.Name(), r)
	}
}

func testCut(t *testing.T, c *lab.Cluster) {
	ear := ears(t, c)
	c.Cut(0, 1)
	tell(t, c.Node(0), "lost-there")
	ear[2].WaitLine("lost-there")
	tell(t, c.Node(1), "lost-back")
	ear[2].WaitLine("lost-back")
	c.Heal()
	tell(t, c.Node(0), "kept-there")
	tell(t, c.Node(1), "kept-back")
	ear[1].WaitLine("kept-there")
	ear[0].WaitLine("kept-back")
	for _, p := range ear[:2] {
		for _, line := range []string{"lost-there", "lost-back"} {
			if strings.Contains(p.Stdout(), line) && line != own(p, ear) {
				t.Errorf("heard %q through a cut:\n%s", line, p.Stdout())
			}
		}
	}
}

// own is what a node hears of itself: a broadcast comes back to its sender.
func own(p *lab.Process, ear []*lab.Process) string {
	if p == ear[0] {
		return "lost-there"
	}
	return "lost-back"
}

func testOneWay(t *testing.T, c *lab.Cluster) {
	ear := ears(t, c)
	c.CutOneWay(0, 1)
	tell(t, c.Node(0), "lost")
	ear[2].WaitLine("lost")
	tell(t, c.Node(1), "back")
	ear[0].WaitLine("back")
	c.Heal()
	tell(t, c.Node(0), "kept")
	ear[1].WaitLine("kept")
	if strings.Contains(ear[1].Stdout(), "lost") {
		t.Errorf("heard what went the cut way:\n%s", ear[1].Stdout())
	}
}

var roundTrip = regexp.MustCompile(`time=([0-9.]+) ms`)

// testDelay looks at the shortest time only: a busy machine makes times longer.
func testDelay(t *testing.T, c *lab.Cluster) {
	const delay = 150 * time.Millisecond
	c.Delay(0, 1, delay)
	defer c.Heal()
	r := ping(c.Node(0), "node1", "-c3", "-i0.1", "-W30")
	times := roundTrip.FindAllStringSubmatch(r.Stdout, -1)
	if len(times) == 0 {
		t.Fatalf("no answer: %+v", r)
	}
	for _, m := range times {
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		// The guest's clock may tick slightly otherwise than ours.
		if got := time.Duration(ms * float64(time.Millisecond)); got < 2*delay*9/10 {
			t.Errorf("round trip of %v over a link that is %v long", got, delay)
		}
	}
}

func testDrop(t *testing.T, c *lab.Cluster) {
	c.Node(0).MustRun("busybox", "ping", "-c1", "-W30", "node1") // both know the other's address now
	c.Drop(0, 1, 1)
	if r := ping(c.Node(0), "node1", "-c3", "-i0.05", "-W1"); r.Status == 0 {
		t.Errorf("all frames dropped, and an answer: %s", r.Stdout)
	}
	c.Heal()
	c.Drop(0, 1, 0.5)
	defer c.Heal()
	// A request is answered with probability 1/4: that none of 100 is, or all are,
	// happens once in 10^12 runs.
	const requests = 100
	r := ping(c.Node(0), "node1", "-c"+strconv.Itoa(requests), "-i0.01", "-W5")
	if n := len(roundTrip.FindAllString(r.Stdout, -1)); n == 0 || n == requests {
		t.Errorf("%d of %d requests answered over a link that loses half", n, requests)
	}
}
