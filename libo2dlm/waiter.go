// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import "time"

// call is what a caller wants of a resource.
type call struct {
	resource string
	level    Level
	queueing queueing // wait or dontWait
	gated    bool     // the resource may be taken shared by somebody
	cache    *Mutex   // who keeps the lock, if it is not a caller's Hold
}

// waiter is a call in a resource's queue. Waiters are used again: a waiter that
// is in no queue is never served.
type waiter struct {
	ready chan struct{} // gets one token when hold or err is set
	timer *time.Timer   // of wait, made by the first

	hold *Hold
	err  error

	// The queue and what the waiter does in it, guarded by Domain.mu.
	call
	serial     uint64    // tells one use from the next
	resource   *resource // nil when in no queue
	prev, next *waiter
}

// serve gives the waiter its result and wakes it. The waiter must be out of its
// queue.
func (w *waiter) serve(h *Hold, err error) {
	if w.cache != nil {
		go w.cache.served(w, h, err)
		return
	}
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
