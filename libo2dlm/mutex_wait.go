// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import "context"

// mutexWaiter is a call of Lock or RLock in the queue of a Mutex, a doubly linked
// list guarded by Mutex.mu.
type mutexWaiter struct {
	level      Level
	ready      chan error // buffered; gets the outcome
	queued     bool
	prev, next *mutexWaiter
}

func (m *Mutex) push(w *mutexWaiter) {
	w.queued, w.prev, w.next = true, m.last, nil
	if m.last == nil {
		m.first = w
	} else {
		m.last.next = w
	}
	m.last = w
	m.domain.queued.Add(1)
}

func (m *Mutex) remove(w *mutexWaiter) {
	if w.prev == nil {
		m.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		m.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.queued, w.prev, w.next = false, nil, nil
	m.domain.queued.Add(-1)
}

// serve takes a waiter out of the queue and gives it its outcome.
func (m *Mutex) serve(w *mutexWaiter, err error) {
	m.remove(w)
	w.ready <- err
}

// fail gives all who wait the error.
func (m *Mutex) fail(err error) {
	for m.first != nil {
		m.serve(m.first, err)
	}
}

// lockSlow locks the mutex where that takes more than a change of the state.
func (m *Mutex) lockSlow(ctx context.Context, level Level) error {
	err := m.lockQueued(ctx, level)
	if err == nil {
		return nil
	}
	return m.domain.failed(opLock, m.resource, err)
}

func (m *Mutex) lockQueued(ctx context.Context, level Level) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := level.check(m.gated); err != nil {
		return err
	}
	w := m.domain.mutexWaiters.Get().(*mutexWaiter)
	defer m.domain.mutexWaiters.Put(w)
	w.level = level

	if err := m.enqueue(w); err != nil {
		return err
	}
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
	}
	if m.giveUp(w) {
		return ctx.Err()
	}
	return <-w.ready // it was served first
}

// enqueue puts a waiter in the queue, where it may be served at once.
func (m *Mutex) enqueue(w *mutexWaiter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.freeze()
	m.push(w)
	m.advance()
	m.thaw()
	return nil
}

// giveUp takes a waiter out of the queue, unless it has been served.
func (m *Mutex) giveUp(w *mutexWaiter) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !w.queued {
		return false
	}
	m.freeze()
	m.remove(w)
	m.advance()
	m.thaw()
	return true
}

// unlockSlow ends a use of the mutex where others wait for it.
func (m *Mutex) unlockSlow(level Level) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeze()
	s := m.state.Load()
	switch {
	case level == Exclusive && s&writing != 0:
		m.change(writing, 0)
	case level == Shared && s&readers != 0:
		m.state.Store(s - oneReader)
	default:
		m.thaw()
		panic("libo2dlm: unlock of a Mutex that is not locked")
	}
	m.advance()
	m.thaw()
}

// advance does what the state and the queue ask for: lets go of the cluster's
// lock, requests it, serves those who are first in line. The caller holds mu and
// has frozen the state.
func (m *Mutex) advance() {
	if m.leaving && !m.inUse() {
		m.letGo()
	}
	for m.first != nil && !m.leaving {
		w := m.first
		s := m.state.Load()
		switch {
		case m.hold == nil:
			m.ask(w.level)
			return
		case s&writing != 0 || w.level == Exclusive && s&readers != 0:
			return
		case w.level == Shared:
			m.state.Store(s + oneReader + oneUse)
		case s&writable != 0:
			m.state.Store((s | writing) + oneUse)
		default:
			// From reading to writing through the gate, with nothing in hand: two nodes
			// that kept what they have would wait for each other.
			m.letGo()
			continue
		}
		m.serve(w, nil)
	}
	if m.first == nil {
		m.unask()
	}
}
