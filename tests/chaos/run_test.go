// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"strings"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/tests/chaos/history"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

const (
	resources  = 6
	processes  = 2 // a node
	goroutines = 4 // a process
)

// run is programs on all nodes that use the locks of one domain.
type run struct {
	tb      lab.TB
	cluster *lab.Cluster
	worker  string
	domain  string
	guests  []*guest // by node, of its latest boot
	gone    []*guest // of boots before
	started uint32   // programs
	history history.History
}

// begin starts programs on all nodes. The disk is new to them: each run writes
// values of its own.
func begin(tb lab.TB, c *lab.Cluster, worker, domain string) *run {
	tb.Helper()
	r := &run{tb: tb, cluster: c, worker: worker, domain: domain}
	c.Node(0).MustRun("dd", "if=/dev/zero", "of="+c.Disk(1), "bs=1M", "count=1", "oflag=direct")
	for i, n := range c.Nodes() {
		g := &guest{node: n, boot: i}
		g.install(tb, worker)
		r.guests = append(r.guests, g)
	}
	for _, g := range r.guests {
		for range processes {
			r.start(g)
		}
	}
	for _, g := range r.guests {
		for _, p := range g.programs {
			r.awaitStart(p)
		}
	}
	return r
}

func (r *run) start(g *guest) *program {
	r.tb.Helper()
	r.started++
	return g.start(r.tb, r.worker, r.started, r.domain, r.cluster.Disk(1), resources, goroutines)
}

// end ends the programs and returns what is wrong with their history.
func (r *run) end() []error {
	r.tb.Helper()
	for _, g := range r.guests {
		for _, p := range g.alive() {
			p.Kill(syscall.SIGTERM)
		}
	}
	stopped := time.Now()
	for _, g := range r.guests {
		g.readClock(r.tb, r.worker) // an offset that has changed shows now
	}
	r.awaitEnd()
	for _, g := range append(r.gone, r.guests...) {
		g.finish(r.tb, &r.history)
		r.tb.Logf("%s: clock known to %v", g.node.Name(), time.Duration(g.clock.Slack()))
	}
	ended := time.Now()
	wrong := r.history.Check()
	r.tb.Logf("%d operations (%v) of %d programs, %d of them found no value; programs ended in %v, judged in %v",
		r.history.Len(), r.history.Count(), r.started, r.history.Lost(), ended.Sub(stopped).Round(time.Millisecond), time.Since(ended).Round(time.Millisecond))
	return wrong
}

// recorded returns how many operations the programs have sent so far.
func (r *run) recorded() (n int) {
	r.tb.Helper()
	for _, g := range append(r.gone, r.guests...) {
		for _, p := range g.programs {
			l, err := history.ReadLog(p.Stdout())
			if err != nil {
				r.tb.Fatalf("%s: %v", g.node.Name(), err)
			}
			n += len(l.Ops)
		}
	}
	return n
}

// rejoin boots a node that is off, and brings it back with new programs.
func (r *run) rejoin(i int) {
	r.tb.Helper()
	n := r.guests[i].node
	r.gone = append(r.gone, r.guests[i])
	n.Boot()
	n.WriteFile(rig.ConfigPath, []byte(rig.Config(r.cluster)), 0o644)
	tool := rig.Tool(r.tb, "o2cb_ctl")
	n.MustRun(tool, "online", rig.Name)
	rig.Hasten(n)
	n.MustRun(tool, "heartbeat", "start", r.cluster.Disk(0))
	g := &guest{node: n, boot: len(r.guests) + len(r.gone)}
	r.guests[i] = g
	g.install(r.tb, r.worker)
	for range processes {
		r.awaitStart(r.start(g))
	}
}

// first returns the beginning of what is wrong.
func first(wrong []error) string {
	var b strings.Builder
	for _, err := range wrong[:min(len(wrong), 3)] {
		b.WriteString(err.Error() + "\n")
	}
	return b.String()
}
