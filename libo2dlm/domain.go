// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	maxWaiters int

	entering sync.Mutex // held while the directory is opened; taken before mu

	mu        sync.Mutex
	closed    bool
	dir       *directory
	requests  int                  // in the kernel now, at most maxWaiters
	resources map[string]*resource // the held and the requested ones

	idle    sync.Pool // *resource
	waiters sync.Pool // *waiter
}

// Lock waits until this call holds the resource at the level, and returns the
// hold. It excludes every other holder: on the other nodes, in the other
// processes of this node that use this package or flock(2) on the same file,
// and in this process, where callers are served first come, first served.
// Locking a resource twice without releasing it waits for itself.
//
// A resource's name has 1 to 31 bytes without slash or NUL and starts with
// neither "$" nor ".". Its lock is made by the first request for it, and stays
// (as a file in the domain's directory) after the last.
//
// When ctx ends first, Lock returns its error at once. A request that is in the
// kernel already cannot be taken back: its grant goes to the next caller who
// waits by then, or is released as soon as it comes.
//
// The other errors are ErrName, errors.ErrUnsupported for any level but
// Exclusive, ErrClosed, ErrTooManyWaiters, and whatever the kernel answered,
// such as unix.EMFILE or unix.EACCES.
func (d *Domain) Lock(ctx context.Context, resource string, level Level) (*Hold, error) {
	h, err := d.lock(ctx, resource, level)
	if err != nil {
		return nil, d.failed(opLock, resource, err)
	}
	return h, nil
}

func (d *Domain) lock(ctx context.Context, resource string, level Level) (*Hold, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := d.enqueue(resource, level, wait)
	if err != nil {
		return nil, err
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

// TryLock takes the resource at the level if it is to be had at once, and
// returns ErrBusy if it is not. Names, levels and the other errors are those of
// Lock; TryLock never queues, and never passes a caller of Lock who waits.
//
// ErrBusy does not say that somebody holds the lock. A node that has released
// a lock still caches it; to a request that must not queue the kernel answers
// busy then, without asking that node to let go. A lock that is used by more
// than one node is free for TryLock on the node that used it last, and busy on
// the others until a Lock there has fetched it. If what matters is whether
// somebody holds it, use Lock with a short timeout.
//
// TryLock returns ErrBusy after about a second when the kernel has not answered:
// it makes even a request that must not queue wait while another process of this
// node waits for the same lock, or when a node has just died. That request stays
// in the kernel as an abandoned one of Lock does, and is released when granted.
func (d *Domain) TryLock(resource string, level Level) (*Hold, error) {
	h, err := d.tryLock(resource, level)
	if err != nil {
		return nil, d.failed(opTryLock, resource, err)
	}
	return h, nil
}

func (d *Domain) tryLock(resource string, level Level) (*Hold, error) {
	w, err := d.enqueue(resource, level, dontWait)
	if err != nil {
		return nil, err
	}
	if !w.wait(tryLimit) {
		if d.leave(w) {
			return nil, fmt.Errorf("%w: the kernel has not answered for %v; another process of this node waits, or a node has died", ErrBusy, tryLimit)
		}
		<-w.ready // the answer was first
	}
	return d.result(w)
}

// enqueue puts a waiter in the resource's queue, and starts the goroutine that
// requests the resource from the kernel if nobody in this process has it or is
// asking for it.
func (d *Domain) enqueue(name string, level Level, q queueing) (*waiter, error) {
	if err := checkResource(name); err != nil {
		return nil, err
	}
	if err := level.check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	r := d.resources[name]
	if r != nil && q == dontWait {
		return nil, ErrBusy
	}
	w := d.waiters.Get().(*waiter)
	w.queueing = q
	if r != nil {
		r.push(w)
		return w, nil
	}
	r = d.idle.Get().(*resource)
	r.rename(name)
	r.push(w)
	d.resources[name] = r
	go r.start()
	return w, nil
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

// Close ends the use of the domain: calls that wait return ErrClosed at once,
// and so do later ones. Locks that are held stay held until they are released,
// and Close returns ErrInUse with their names; called again after their release
// it returns nil, as it does when all is closed already.
//
// The node stays in the domain, where other processes may need it, and keeps
// caching its locks: the next Join is quick. It leaves when dlmfs is unmounted,
// or when the lock files and the directory are removed by hand.
//
// A request of this process that waits in the kernel stays there, with its
// thread and its descriptor, until it is granted; then it is released and all
// is gone. Until then the process cannot end, not even by SIGKILL.
func (d *Domain) Close() error {
	held := d.close()
	if len(held) == 0 {
		return nil
	}
	return d.failed(opClose, "", fmt.Errorf("%w: %s", ErrInUse, list(held)))
}

// close marks the domain closed and turns the waiters out. It returns the names
// of the resources that are held.
func (d *Domain) close() (held []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, r := range d.resources {
		for w := r.pop(); w != nil; w = r.pop() {
			w.serve(nil, ErrClosed)
		}
		if r.held {
			held = append(held, name)
		}
	}
	if !d.closed && d.dir != nil {
		d.dir.unref()
	}
	d.closed = true
	slices.Sort(held)
	return held
}

// list joins names, of which it shows a few.
func list(names []string) string {
	const shown = 8
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
