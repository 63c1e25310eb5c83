// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// request is one request to the kernel, for the first waiter of a resource.
type request struct {
	dir      *directory
	level    Level
	queueing queueing
	gated    bool
	waiter   *waiter
	serial   uint64
}

// maxRejoins bounds how often a request joins the domain again because its
// directory was removed.
const maxRejoins = 100

// serve requests the lock from the kernel until one of the waiters has it or
// none is left. Every hold is a request of its own, so that between two of them
// the kernel can serve the other nodes and processes that wait.
func (r *resource) serve() {
	d := r.domain
	for rejoins := 0; ; {
		q, ok := r.begin()
		if !ok {
			return
		}
		if q.dir.threads == nil && d.crowded() {
			// The thread that a long wait costs would stay idle for ever after it. A
			// goroutine that ends locked to its thread ends the thread as well.
			runtime.LockOSThread()
		}
		g := q.dir.ask(func() (int, int, error) { return r.ask(q) })
		err := g.err
		if errors.Is(err, unix.ENOENT) && rejoins < maxRejoins {
			rejoins++
			g.leave()
			if err = d.enter(q.dir); err == nil {
				d.end(q.dir)
				continue
			}
			err = fmt.Errorf("the domain was removed; joining it again: %w", err)
		}
		if r.deliver(g.fd, err, q) && g.gate != noFile && q.level == Exclusive {
			r.follow(&g)
		}
		g.leave()
		d.end(q.dir)
	}
}

// begin enters one request into the domain's books. It returns false when there
// is nothing to request: the lock is held, or nobody wants it any more.
func (r *resource) begin() (request, bool) {
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	for r.first != nil && !r.held() {
		if d.requests < d.maxWaiters {
			d.requests++
			d.dir.refs++
			r.warm = false
			w := r.first
			return request{dir: d.dir, level: w.level, queueing: w.queueing, gated: w.gated, waiter: w, serial: w.serial}, true
		}
		r.pop().serve(nil, fmt.Errorf("%w: %d, the limit is JoinOptions.MaxWaiters", ErrTooManyWaiters, d.requests))
	}
	r.serving = false
	if r.held() {
		d.settled(r)
	} else {
		d.retire(r)
	}
	return request{}, false
}

// end strikes a request out of the domain's books.
func (d *Domain) end(dir *directory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests--
	dir.unref()
}

// keptThreads is how many requests in the kernel at a time leave their threads
// to the Go runtime, beside the one of each processor. More than these are not
// the bustle of a program but waits.
const keptThreads = 8

// crowded reports whether more requests are in the kernel than threads are kept.
func (d *Domain) crowded() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests > keptThreads+runtime.GOMAXPROCS(0)
}

// granted is what a request came to.
type granted struct {
	dir   *directory
	apart *apart // that asked; nil where the process did so itself
	fd    int    // of the lock, in the process's table
	gate  int    // in the table of who asked
	err   error
}

// ask begins a request on a thread apart, if the directory is one for it.
func (dir *directory) ask(how func() (fd, gate int, err error)) granted {
	g := granted{dir: dir, fd: noFile, gate: noFile}
	if dir.threads != nil {
		g.apart = dir.threads.take()
	}
	g.fd, g.err = g.open(func() (fd int, err error) {
		fd, g.gate, err = how()
		return fd, err
	})
	return g
}

// open opens a lock where the gate is open.
func (g *granted) open(how func() (fd int, err error)) (int, error) {
	if g.apart == nil {
		return how()
	}
	return g.apart.open(how)
}

// leave closes the gate and gives the thread back.
func (g *granted) leave() {
	if g.gate != noFile {
		g.leaveGate()
	}
	if g.apart != nil {
		g.dir.threads.give(g.apart)
		g.apart = nil
	}
}

func (g *granted) leaveGate() {
	if g.apart == nil {
		leaveGate(g.gate)
	} else {
		g.apart.do(func() { leaveGate(g.gate) })
	}
	g.gate = noFile
}

// ask makes the request. A TryLock that finds the lock busy gives a cache of it
// the time to let go.
func (r *resource) ask(q request) (fd, gate int, err error) {
	fd, gate, err = r.askOnce(q, q.queueing)
	if q.queueing == wait || !errors.Is(err, ErrBusy) || r.domain.tryGrace <= 0 {
		return fd, gate, err
	}
	busy := err
	over := time.AfterFunc(r.domain.tryGrace, func() { r.domain.expire(q, busy) })
	defer over.Stop()
	return r.askOnce(q, grace)
}

// askOnce passes the gate, if the lock has one, and requests the lock. The gate stays
// open for what follows an exclusive grant.
func (r *resource) askOnce(q request, how queueing) (fd, gate int, err error) {
	gate = noFile
	if q.gated {
		if gate, err = r.pass(q.dir, how); err != nil {
			return noFile, noFile, err
		}
	}
	if fd, err = r.acquire(q.dir, q.level, how); err != nil || q.level == Shared {
		leaveGate(gate)
		gate = noFile
	}
	return fd, gate, err
}

// expire ends the grace of a TryLock with the error.
func (d *Domain) expire(q request, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := q.waiter; w.resource != nil && w.serial == q.serial {
		w.resource.remove(w)
		w.serve(nil, err)
	}
}

// deliver gives the lock in fd, or why there is none, to the first waiter, and
// reports whether somebody has the lock now. A lock that nobody wants any more is
// released.
func (r *resource) deliver(fd int, err error, q request) bool {
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	w := r.first
	switch {
	case err == nil && w != nil && w.level == q.level && w.gated == q.gated:
		r.accept(fd, q)
		return true
	case err == nil:
		closeLock(fd)
	case w == nil || err == errUnwanted:
		// Nobody to tell, or somebody who came after it had been given up.
	case q.queueing == w.queueing && q.level == w.level:
		r.pop().serve(nil, err)
	default:
		// A request failed whose caller has gone; the first waiter wants another.
	}
	return false
}

// follow opens the shared descriptor that stands beside an exclusive one, still
// behind the gate, so that the holder can go down without asking anybody, and leaves
// the gate.
//
// The node has the higher level, so the kernel grants it without a message. Only
// if somebody who does not pass the gate, a C program on another node, has asked
// for the lock in this very moment does the open wait, until the holder releases;
// nothing waits for it but the gate.
func (r *resource) follow(g *granted) {
	if !r.remains() {
		return // released already
	}
	fd, err := g.open(func() (int, error) {
		defer leaveGate(g.gate)
		return openName(g.dir.fd, &r.file, Shared.access()|unix.O_CLOEXEC|unix.O_NOFOLLOW)
	})
	g.gate = noFile
	if err == nil && !r.grant.follow(fd) {
		closeLock(fd)
	}
}
