// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

// Cut cuts the network between nodes a and b, in both directions: every frame is
// lost, those on their way too. The disks that they share stay.
func (c *Cluster) Cut(a, b int) {
	c.CutOneWay(a, b)
	c.CutOneWay(b, a)
}

// CutOneWay cuts what goes from one node to another; the other direction stays.
func (c *Cluster) CutOneWay(from, to int) {
	c.link(from, to).set(func(l *link) { l.cut = true })
}

// Delay holds every frame between nodes a and b for d, in both directions, in
// order. A second call replaces the first; 0 ends it.
func (c *Cluster) Delay(a, b int, d time.Duration) {
	c.link(a, b).set(func(l *link) { l.delay = d })
	c.link(b, a).set(func(l *link) { l.delay = d })
}

// Drop loses a fraction (0 to 1) of the frames between nodes a and b, in both
// directions, by chance. A second call replaces the first; 0 ends it.
func (c *Cluster) Drop(a, b int, fraction float64) {
	c.tb.Helper()
	if !(fraction >= 0 && fraction <= 1) {
		c.tb.Fatalf("lab: drop %v of the frames: a fraction is 0 to 1", fraction)
	}
	c.link(a, b).set(func(l *link) { l.drop = fraction })
	c.link(b, a).set(func(l *link) { l.drop = fraction })
}

// Heal takes all faults from all links.
func (c *Cluster) Heal() {
	for _, row := range c.network.links {
		for _, l := range row {
			if l != nil {
				l.heal()
			}
		}
	}
}

// link fails the test for a pair that has none.
func (c *Cluster) link(from, to int) *link {
	c.tb.Helper()
	if from < 0 || to < 0 || from >= len(c.nodes) || to >= len(c.nodes) || from == to {
		c.tb.Fatalf("lab: no link from node %d to node %d: there are %d nodes", from, to, len(c.nodes))
	}
	return c.network.links[from][to]
}
