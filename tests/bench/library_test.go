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
	install(b, c, "testdata/locks.c", theirs)
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
	b.Run("HandOver", func(b *testing.B) { benchmarkWalk(b, c) })
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

// BenchmarkHandOver compares hand-overs between nodes that run Debian's own kernel, in
// which a system call is as dear beside other work as on a real machine.
func BenchmarkHandOver(b *testing.B) {
	c := lab.Start(b, lab.Nodes(2), lab.QEMU(), lab.Disk("data", "64M"), lab.Memory("512M"))
	rig.Load(b, c)
	rig.Online(b, c)
	rig.Format(c)
	rig.Heartbeat(b, c)
	benchmarkWalk(b, c)
}

// install compiles a program in C and puts it on all nodes.
func install(b *testing.B, c *lab.Cluster, source, path string) {
	b.Helper()
	built := rig.CompileLocks(b.Context(), b, source)
	for _, n := range c.Nodes() {
		n.Push(built, path)
	}
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
