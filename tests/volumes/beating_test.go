// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// slots reads the heartbeat blocks on node n.
func (g *guests) slots(n *lab.Node) []volume.Slot {
	g.t.Helper()
	var s []volume.Slot
	g.self(n, &s, "slots")
	return s
}

// untilBeatingAre reads the blocks every five seconds until just the nodes of
// want beat.
func (g *guests) untilBeatingAre(n *lab.Node, want ...int) {
	g.t.Helper()
	before := g.slots(n)
	for range 12 {
		time.Sleep(5 * time.Second) // two beats and a half
		after := g.slots(n)
		if slices.Equal(volume.Beating(before, after), want) {
			return
		}
		before = after
	}
	g.t.Errorf("no node but %v should beat; last seen: %+v", want, before)
}

// slotsByC reads them with debugfs.ocfs2:
//
//	node: node              seq       generation checksum deadms
//	   0:    0 0000000068a1b2c3 0123456789abcdef 01234567 62000
func slotsByC(g *guests, n *lab.Node) []volume.Slot {
	g.t.Helper()
	text := n.MustRun("debugfs.ocfs2", "-R", "hb", disk).Stdout
	var found []volume.Slot
	for _, m := range regexp.MustCompile(`(?m)^\s*(\d+):\s+(\d+)\s+([0-9a-f]{16})\s+([0-9a-f]{16})\s+[0-9a-f]{8}\s+(\d+)`).FindAllStringSubmatch(text, -1) {
		number := func(i, base int) uint64 {
			v, err := strconv.ParseUint(m[i], base, 64)
			if err != nil {
				g.t.Fatal(err)
			}
			return v
		}
		found = append(found, volume.Slot{
			Number: int(number(1, 10)), Node: int(number(2, 10)), Sequence: number(3, 16), Generation: number(4, 16),
			DeadTime: time.Duration(number(5, 10)) * time.Millisecond, Valid: true,
		})
	}
	return found
}

// Who beats is seen on the disk: two nodes, then one after a power cut, then none.
func TestBeating(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 2)
	first := g.Node(0).StartSelf("start", "persistent")
	g.start(g.Node(1))
	if r := first.Wait(); r.Status != 0 {
		t.Fatalf("start on node0: %+v", r)
	}
	g.untilBeatingAre(g.Node(0), 0, 1)
	g.untilBeatingAre(g.Node(1), 0, 1)
	g.Node(1).PowerOff()
	g.untilBeatingAre(g.Node(0), 0)
	if !g.stop(g.Node(0)) {
		t.Error("the region did not stop")
	}
	ours, theirs := g.slots(g.Node(0)), slotsByC(g, g.Node(0))
	if !slices.Equal(ours, theirs) {
		t.Errorf("read          %+v\ndebugfs.ocfs2 %+v", ours, theirs)
	}
	if len(ours) != 2 || ours[0].Generation != 0 || ours[1].Generation == 0 {
		t.Errorf("after a stop and a power cut: %+v", ours)
	}
}

// The volume is found by its number, whatever its node is called.
func TestFind(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	var v volume.Volume
	g.self(n, &v, "find", g.region)
	if v.Device != disk || v.Label != "data" || v.ClusterName != clusterName {
		t.Errorf("found %+v", v)
	}
	said := n.MustRun("mounted.ocfs2", "-d", disk).Stdout
	if !regexp.MustCompile(fmt.Sprintf(`(?m)^%s\s+o2cb\s+web\s+%s\s+data$`, disk, g.region)).MatchString(said) {
		t.Errorf("mounted.ocfs2 says:\n%s", said)
	}
	n.MustShell("mkdir /dev/strange && mv " + disk + " /dev/strange/name")
	g.self(n, &v, "find", g.region)
	if v.Device != "/dev/strange/name" {
		t.Errorf("found %+v", v)
	}
	g.refuses(n, []string{"no block device carries the volume"}, "find", "00000000000000000000000000000000")
}
