// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"math/rand/v2"
	"os"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// leastOperations is what a run in CI has to judge. Where the machine is slow the storm
// goes on for it, but not for longer than overtime.
const (
	leastOperations = 200_000
	overtime        = 5 * time.Minute
)

// stormTime returns how long the faults go on, without those of whole nodes.
func stormTime(tb lab.TB) time.Duration {
	tb.Helper()
	text := os.Getenv("O2CB_CHAOS_TIME")
	if text == "" {
		text = "60s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		tb.Fatalf("O2CB_CHAOS_TIME: %v", err)
	}
	return d
}

// The faults of a storm: each gust is a second, each squall a node that dies.
const (
	gust   = time.Second
	squall = 50 * time.Second
)

// storm goes on for d: processes die, messages are late, lost or cut off for a
// while. In the middle of each squall a node dies, the first by a power cut, the
// next by a partition that does not end, and comes back.
func (r *run) storm(d time.Duration) {
	r.tb.Helper()
	squalls := max(2, int(d/squall))
	for i := range squalls {
		r.gusts(d / time.Duration(2*squalls))
		victim := 1 + rand.IntN(len(r.guests)-1)
		if i%2 == 0 {
			r.cutPower(victim)
		} else {
			r.cutOff(victim)
		}
		r.gusts(d / time.Duration(2*squalls))
	}
	r.cluster.Heal()
}

// gusts does what lets every node live.
func (r *run) gusts(d time.Duration) {
	r.tb.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(gust) {
		r.cluster.Heal()
		a := rand.IntN(len(r.guests))
		b := (a + 1 + rand.IntN(len(r.guests)-1)) % len(r.guests)
		switch n := rand.IntN(10); {
		case n < 5:
			r.killOne(r.guests[a])
		case n < 7:
			r.cluster.Delay(a, b, time.Duration(rand.IntN(5000))*time.Microsecond)
		case n < 8:
			r.cluster.Drop(a, b, 0.01)
		case n < 9:
			r.cluster.Cut(a, b)
		}
	}
	r.cluster.Heal()
}

// killOne kills a program on a guest, and starts another one.
func (r *run) killOne(g *guest) {
	r.tb.Helper()
	alive := g.alive()
	alive[rand.IntN(len(alive))].kill()
	r.start(g)
}

// cutPower cuts the power of a node, and turns it on again when the others have
// gone on without it for a while.
func (r *run) cutPower(i int) {
	r.tb.Helper()
	r.die(i, func() { r.guests[i].node.PowerOff() })
}

// cutOff cuts a node's network until its kernel resets it, because it is in the
// minority.
func (r *run) cutOff(i int) {
	r.tb.Helper()
	r.die(i, func() {
		n := r.guests[i].node
		n.ExpectOff()
		for other := range r.guests {
			if other != i {
				r.cluster.Cut(i, other)
			}
		}
		select {
		case <-n.Off():
		case <-time.After(2 * time.Minute):
			r.tb.Fatalf("%s was not fenced within two minutes after it was cut off", n.Name())
		}
		r.cluster.Heal()
	})
}

// die has a node die and come back.
func (r *run) die(i int, how func()) {
	r.tb.Helper()
	for _, p := range r.guests[i].programs {
		p.doomed = true
	}
	before := hostNow()
	how()
	r.tb.Logf("%s died", r.guests[i].node.Name())
	r.rejoin(i)
	after := hostNow()
	r.history.AddLoss(before, after)
	r.tb.Logf("%s is back after %v", r.guests[i].node.Name(), time.Duration(after-before).Round(time.Millisecond))
}
