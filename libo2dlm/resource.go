// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// resource is a lock that this process holds or requests, and the calls that
// wait for it. It is in the domain's table while either it is held or exactly
// one goroutine runs serve; afterwards it is used again for another name.
//
// What changes is guarded by Domain.mu.
type resource struct {
	domain *Domain
	name   string
	file   lockName
	start  func() // r.serve, bound once so that starting it allocates nothing

	held        bool
	first, last *waiter // the queue
}

func newResource(d *Domain) *resource {
	r := &resource{domain: d}
	r.start = r.serve
	return r
}

func (r *resource) rename(name string) {
	r.name = name
	clear(r.file[copy(r.file[:], name):])
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
		dir, q, ok := r.begin()
		if !ok {
			return
		}
		if d.crowded() {
			// The thread that a long wait costs would stay idle for ever after it. A
			// goroutine that ends locked to its thread ends the thread as well.
			runtime.LockOSThread()
		}
		fd, err := r.acquire(dir, q)
		if err == unix.ENOENT && rejoins < maxRejoins {
			rejoins++
			if err = d.enter(dir); err == nil {
				d.end(dir)
				continue
			}
			err = fmt.Errorf("the domain was removed; joining it again: %w", err)
		}
		d.end(dir)
		if r.deliver(fd, err, q) {
			return
		}
	}
}

// begin enters one request into the domain's books, and returns the directory
// for it and how it is to wait. It returns false, and the resource is out of
// use, when nobody wants it any more.
func (r *resource) begin() (*directory, queueing, bool) {
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	for r.first != nil {
		if d.requests < d.maxWaiters {
			d.requests++
			d.dir.refs++
			return d.dir, r.first.queueing, true
		}
		r.pop().serve(nil, fmt.Errorf("%w: %d, the limit is JoinOptions.MaxWaiters", ErrTooManyWaiters, d.requests))
	}
	d.retire(r)
	return nil, 0, false
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

// retire takes a resource that is neither held nor requested out of the table.
func (d *Domain) retire(r *resource) {
	delete(d.resources, r.name)
	d.idle.Put(r)
}

// wanted reports whether anybody waits for the resource.
func (r *resource) wanted() bool {
	r.domain.mu.Lock()
	defer r.domain.mu.Unlock()
	return r.first != nil
}

// deliver gives the lock in fd, or why there is none, to the first waiter, and
// returns true when the goroutine that requested it is done. A lock that nobody
// wants any more is released.
func (r *resource) deliver(fd int, err error, q queueing) bool {
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()

	switch {
	case r.first == nil && err == nil:
		closeLock(fd)
	case r.first == nil || err == errUnwanted:
		// Nobody to tell, or somebody who came after it had been given up.
	case err == nil:
		r.held = true
		r.pop().serve(&Hold{resource: r, name: r.name, fd: fd}, nil)
		return true
	case q == r.first.queueing:
		r.pop().serve(nil, err)
	default:
		// A TryLock failed whose caller has gone; the first waiter is a Lock.
	}
	if r.first == nil {
		d.retire(r)
		return true
	}
	return false
}

// release ends a hold: it closes the descriptor, and requests the lock anew if
// there are waiters.
func (r *resource) release(fd int) error {
	err := closeLock(fd)
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	r.held = false
	if r.first == nil {
		d.retire(r)
	} else {
		go r.start()
	}
	return err
}
