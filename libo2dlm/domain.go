// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// tryLimit bounds TryLock. The kernel answers a request that must not queue in
// a millisecond, with two exceptions: while another process of this node waits
// for the lock, and while the node that masters it is dead but not yet declared so.
const tryLimit = time.Second

// Domain is a name space of locks that this node has joined. It is safe for
// use by several goroutines at once.
//
// An open Domain keeps dlmfs mounted. Nothing else depends on it: if the
// domain's directory is removed, as the C library does when its last user
// leaves and no lock is held, the next request joins the domain again.
type Domain struct {
	name       string
	mount      string
	singleNode bool
	gated      bool // locks may be shared
	mustQueue  bool // see refusalsHang
	maxWaiters int
	tryGrace   time.Duration
	leaked     func(Leak)

	entering sync.Mutex // held while the directory is opened; taken before mu

	mu        sync.Mutex
	closed    bool
	dir       *directory
	requests  int                  // in the kernel now, at most maxWaiters
	waiting   int                  // in the queues of all resources
	serial    uint64               // of the last waiter
	resources map[string]*resource // the held and the requested ones
	warm      map[string]struct{}  // see lockInline
	stats     Stats                // the counters

	watch     watch
	cached    atomic.Uint64 // Stats.CacheHits and
	queued    atomic.Int64  // Stats.Waiters of mutexes
	lastToken atomic.Uint64 // the highest that was seen

	idle    sync.Pool // *resource
	waiters sync.Pool // *waiter

	mutexWaiters sync.Pool // *mutexWaiter
}

// Lock waits until this call holds the resource at the level, and returns the
// hold. It excludes every other holder, of a Shared hold every other Exclusive
// one: on the other nodes, in the other processes of this node that use this
// package or flock(2) on the same file, and in this process. Callers of this
// process are served first come, first served, those who want it Shared
// together. Locking a resource twice without releasing it waits for itself, but
// for Shared ones nobody wants exclusively in between.
//
// A resource's name has 1 to 31 bytes without slash or NUL and starts with
// neither "$" nor ".". Its lock is made by the first request for it, and stays
// (as a file in the domain's directory) after the last.
//
// When ctx ends first, Lock returns its error at once. A request that is in the
// kernel already cannot be taken back: its grant goes to the next caller who
// waits by then, or is released as soon as it comes. With a ctx that cannot end,
// such as context.Background(), and JoinOptions.ExclusiveOnly the caller makes the
// request itself if it should be granted at once and the domain has no other lock,
// which is several times quicker.
//
// The other errors are ErrName, errors.ErrUnsupported for a level that is none
// (and Shared with JoinOptions.ExclusiveOnly), ErrClosed, ErrTooManyWaiters, and
// whatever the kernel answered, such as unix.EMFILE or unix.EACCES.
func (d *Domain) Lock(ctx context.Context, resource string, level Level) (*Hold, error) {
	h, err := d.lock(ctx, call{resource: resource, level: level, queueing: wait, gated: d.gated})
	if err != nil {
		return nil, d.failed(opLock, resource, err)
	}
	return d.track(h), nil
}

func (d *Domain) lock(ctx context.Context, c call) (*Hold, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !c.gated && c.level == Exclusive && ctx.Done() == nil {
		if h := d.lockInline(c); h != nil {
			return h, nil
		}
	}
	w, h, err := d.enqueue(c)
	if w == nil {
		return h, err
	}
	select {
	case <-w.ready:
	case <-ctx.Done():
		if d.leave(w) {
			return nil, ctx.Err()
		}
		<-w.ready // the grant was first
	}
	return d.result(w)
}

// TryLock takes the resource at the level if nobody holds it, and returns
// ErrBusy if somebody does, or waits for it. Names, levels and the other errors
// are those of Lock; TryLock never passes a caller of Lock who waits.
//
// A lock that is only cached, by another node or by a Mutex, is not busy. The
// kernel says that it is, to a request that must not wait, and does not ask
// for it; so a second request that waits is given JoinOptions.TryGrace, in
// which a cache lets go. A lock that is free takes TryLock no longer than Lock; one
// that is held, the grace. The request stays in the kernel after that, as an
// abandoned one of Lock does, and is released as soon as it is granted.
//
// TryLock returns ErrBusy after about a second when the kernel has not answered:
// it makes even a request that must not queue wait while another process of this
// node waits for the same lock, or when a node has just died.
func (d *Domain) TryLock(resource string, level Level) (*Hold, error) {
	h, err := d.tryLock(call{resource: resource, level: level, queueing: dontWait, gated: d.gated})
	if err != nil {
		return nil, d.failed(opTryLock, resource, err)
	}
	return d.track(h), nil
}

func (d *Domain) tryLock(c call) (*Hold, error) {
	w, h, err := d.enqueue(c)
	if w == nil {
		return h, err
	}
	limit := tryLimit + max(d.tryGrace, 0)
	if !w.wait(limit) {
		if d.leave(w) {
			return nil, fmt.Errorf("%w: the kernel has not answered for %v; another process of this node waits, or a node has died", ErrBusy, limit)
		}
		<-w.ready // the answer was first
	}
	return d.result(w)
}

// enqueue puts the call in the resource's queue, and starts the goroutine that
// requests the resource from the kernel if nobody in this process has it or is
// asking for it. A call that is served at once gets its hold instead of a waiter.
func (d *Domain) enqueue(c call) (*waiter, *Hold, error) {
	if err := checkResource(c.resource); err != nil {
		return nil, nil, err
	}
	if err := c.level.check(c.gated); err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, ErrClosed
	}
	r := d.resources[c.resource]
	if r == nil {
		r = d.idle.Get().(*resource)
		r.rename(c.resource)
		d.resources[c.resource] = r
		r.serving = true
		go r.start()
		return d.push(r, c), nil, nil
	}
	if d.joinable(r, c) {
		d.stats.CacheHits++
		r.holders++
		return nil, r.newHold(), nil
	}
	if c.queueing == dontWait && r.busy() {
		return nil, nil, fmt.Errorf("%w: this process holds it or waits for it", ErrBusy)
	}
	w := d.push(r, c)
	d.stats.Waits++
	if r.held() {
		r.alarm.ring()
		if c.queueing == dontWait {
			d.expireLater(w)
		}
	}
	return w, nil, nil
}

// push appends a waiter for the call to the queue.
func (d *Domain) push(r *resource, c call) *waiter {
	w := d.waiters.Get().(*waiter)
	d.serial++
	w.call, w.serial = c, d.serial
	if c.gated && r.gate[0] == 0 {
		r.gate.set(Gate(r.name))
	}
	r.push(w)
	return w
}

// busy reports whether the resource is held by a caller, not only by a cache, or
// wanted by one.
func (r *resource) busy() bool {
	return r.first != nil || r.held() && (r.cache == nil || r.cache.inUse())
}

// joinable reports whether a call can share the hold that there is: nobody in
// this process waits, and nobody elsewhere either. To know the latter it listens
// from the second holder on.
func (d *Domain) joinable(r *resource, c call) bool {
	if c.level != Shared || r.level != Shared || c.cache != nil || r.cache != nil || r.first != nil || r.leaving || r.upgrading {
		return false
	}
	fd := r.grant.descriptor()
	if err := d.watch.arm(&r.alarm, fd, d.singleNode); err != nil {
		return true // sharing goes before fairness
	}
	return !r.alarm.outside(fd)
}

// expireLater ends a TryLock that waits for a cache of this process to let go.
func (d *Domain) expireLater(w *waiter) {
	q := request{waiter: w, serial: w.serial}
	time.AfterFunc(max(d.tryGrace, 0), func() {
		d.expire(q, fmt.Errorf("%w: a Mutex of this process has it", ErrBusy))
	})
}

// leave takes a waiter whose caller has lost interest out of its queue. It
// returns false when the waiter has been served already.
func (d *Domain) leave(w *waiter) bool {
	d.mu.Lock()
	queued := w.resource != nil
	if queued {
		w.resource.remove(w)
	}
	d.mu.Unlock()
	if queued {
		d.waiters.Put(w)
	}
	return queued
}

// result returns what a waiter was served, and the waiter to the pool.
func (d *Domain) result(w *waiter) (*Hold, error) {
	h, err := w.hold, w.err
	w.hold, w.err = nil, nil
	d.waiters.Put(w)
	return h, err
}

// tell has f called when somebody else wants the lock, which a cache holds. Where
// it would not be heard of somebody outside, f is called right away: then the cache
// must not keep the lock.
func (d *Domain) tell(r *resource, f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r.alarm.call(f)
	if !r.serving {
		d.settled(r)
	}
}

// settled arms the alarm of a resource whose request is over, if somebody
// listens: before, the request's own opens would ring it. The caller holds mu.
func (d *Domain) settled(r *resource) {
	if r.leaving || !r.alarm.listens() {
		return
	}
	if err := d.arm(r); err != nil && r.cache != nil {
		r.alarm.ring()
	}
}

// arm makes the alarm hear other processes and nodes.
func (d *Domain) arm(r *resource) error {
	return d.watch.arm(&r.alarm, r.grant.descriptor(), d.singleNode)
}

// quiet makes it hear this process only.
func (d *Domain) quiet(r *resource) { d.watch.disarm(&r.alarm) }
