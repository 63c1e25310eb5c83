// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// queue is the line of those who wait for a resource, a doubly linked list: one
// of thousands of waiters leaves it as quickly as the first. It is guarded by
// Domain.mu.
type queue struct {
	first, last *waiter
}

// push appends a waiter to the resource's queue.
func (r *resource) push(w *waiter) {
	w.resource, w.prev, w.next = r, r.last, nil
	if r.last == nil {
		r.first = w
	} else {
		r.last.next = w
	}
	r.last = w
	if w.cache == nil {
		r.domain.waiting++ // callers behind a cache are counted there
	}
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
	if w.cache == nil {
		r.domain.waiting--
	}
}

// pop takes the first waiter out of the queue, nil when there is none.
func (r *resource) pop() *waiter {
	w := r.first
	if w != nil {
		r.remove(w)
	}
	return w
}
