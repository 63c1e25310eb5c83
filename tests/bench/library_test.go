// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// BenchmarkLibrary compares the lock library with that of ocfs2-tools, with the
// system calls that it makes and with the locks of Go, on two nodes.
func BenchmarkLibrary(b *testing.B) {
	c := lab.Start(b, lab.Nodes(2), lab.Disk("data", "64M"), lab.Memory("512M"))
	rig.Online(b, c)
	rig.Format(c)
	rig.Heartbeat(b, c)
	const theirs = "/opt/locks"
	built := rig.CompileLocks(b.Context(), b, "testdata/locks.c")
	for _, n := range c.Nodes() {
		n.Push(built, theirs)
	}
	b.Run("Quick", func(b *testing.B) {
		all := inGuest(b, c, "quick", theirs)
		names := []string{holdInline, inC, openFlockClose, openClosed, holdCancel, holdGated, holdShared,
			mutexCached, mutexRead, rwMutex, rwMutexRead, oneCall}
		report(b, all, quickUnit, names...)
		// The first is what others are set beside.
		report(b, all.of(7, 1, 9, 11), quickUnit, mutexCached, inC, rwMutex, oneCall)
		report(b, all.of(8, 10), quickUnit, mutexRead, rwMutexRead)
	})
	b.Run("Crowd", func(b *testing.B) {
		report(b, inGuest(b, c, "crowd", theirs), quickUnit, crowdNames()...)
	})
	b.Run("HandOver", func(b *testing.B) { benchmarkWalk(b, c, theirs) })
	b.Run("HandOverGoroutines", func(b *testing.B) {
		report(b, inGuest(b, c, "pair"), quickUnit, "hold", "sync.Mutex")
	})
	b.Run("Size", func(b *testing.B) {
		r := c.Node(0).RunSelf("weigh")
		if r.Status != 0 {
			b.Fatalf("weigh: status %d: %s", r.Status, r.Stderr)
		}
		b.Log("\n" + r.Stdout)
	})
}

// of returns some of the columns.
func (t times) of(columns ...int) times {
	var some times
	for _, row := range t {
		var short []time.Duration
		for _, i := range columns {
			short = append(short, row[i])
		}
		some = append(some, short)
	}
	return some
}
