// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import "time"

// waiter is a call of Lock or TryLock in a resource's queue. Waiters are used
// again: a waiter that is in no queue is never served.
type waiter struct {
	ready chan struct{} // gets one token when hold or err is set
	timer *time.Timer   // of wait, made by the first

	hold *Hold
	err  error

	// The queue and what the waiter does in it, guarded by Domain.mu.
	queueing   queueing
	resource   *resource // nil when in no queue
	prev, next *waiter
}

// serve gives the waiter its result and wakes it. The waiter must be out of its
// queue.
func (w *waiter) serve(h *Hold, err error) {
	w.hold, w.err = h, err
	w.ready <- struct{}{}
}

// wait returns true when the waiter was served within the limit.
func (w *waiter) wait(limit time.Duration) bool {
	if w.timer == nil {
		w.timer = time.NewTimer(limit)
	} else {
		w.timer.Reset(limit)
	}
	defer w.timer.Stop()
	select {
	case <-w.ready:
		return true
	case <-w.timer.C:
		return false
	}
}

// push appends a waiter to the queue, a doubly linked list: one of thousands of
// waiters leaves it as quickly as the first.
func (r *resource) push(w *waiter) {
	w.resource, w.prev, w.next = r, r.last, nil
	if r.last == nil {
		r.first = w
	} else {
		r.last.next = w
	}
	r.last = w
}

func (r *resource) remove(w *waiter) {
	if w.prev == nil {
		r.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		r.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.resource, w.prev, w.next = nil, nil, nil
}

// pop takes the first waiter out of the queue, nil when there is none.
func (r *resource) pop() *waiter {
	w := r.first
	if w != nil {
		r.remove(w)
	}
	return w
}
