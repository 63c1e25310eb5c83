// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import "time"

// The cluster's lock comes to a Mutex by ask and served, and leaves by letGo:
// because somebody else wants it (wanted, leave), because it is idle (tick), or
// for another level. All but served, wanted, leave and tick are called with
// Mutex.mu held and the state frozen.

// ask requests the lock, unless that is being done.
func (m *Mutex) ask(level Level) {
	if m.request != nil {
		return
	}
	if m.closed {
		m.fail(ErrClosed)
		return
	}
	w, _, err := m.domain.enqueue(call{resource: m.resource, level: level, queueing: wait, gated: m.gated, cache: m})
	if err != nil {
		m.fail(err)
		return
	}
	m.request = w
}

// unask gives a request up that nobody waits for any more.
func (m *Mutex) unask() {
	if m.request != nil && m.domain.leave(m.request) {
		m.request = nil
	}
}

// served is called with the outcome of a request.
func (m *Mutex) served(w *waiter, h *Hold, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeze()
	m.request = nil
	if err == nil {
		m.take(h, w.level)
	} else {
		m.fail(err)
	}
	m.domain.waiters.Put(w)
	m.advance()
	m.thaw()
}

// take makes the hold the mutex's own. What nobody waits for any more leaves again.
func (m *Mutex) take(h *Hold, level Level) {
	m.hold, m.granted, m.usedAt = h, time.Now(), time.Now()
	m.leaving = m.first == nil
	m.seen = m.uses()
	m.change(0, readable)
	if level == Exclusive {
		m.change(0, writable)
	}
	m.domain.tell(h.resource, func() { m.wanted(h) })
	m.timer = time.AfterFunc(m.tickTime(), func() { m.tick(h) })
}

// letGo gives the lock back to the kernel. An error of the close says that some
// other part of the program has closed the descriptor; the mutex is without the
// lock then too.
func (m *Mutex) letGo() {
	h := m.hold
	m.hold, m.leaving = nil, false
	m.timer.Stop()
	m.change(readable|writable, 0)
	m.harvest()
	_ = h.Release()
}

// wanted is called when somebody else wants the lock.
func (m *Mutex) wanted(h *Hold) {
	m.mu.Lock()
	stay := m.holdOff - time.Since(m.granted)
	m.mu.Unlock()
	if stay <= 0 {
		m.leave(h)
		return
	}
	time.AfterFunc(stay, func() { m.leave(h) })
}

// leave lets go of the hold as soon as nobody uses it, if it is still there.
func (m *Mutex) leave(h *Hold) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hold == h {
		m.depart()
	}
}

// depart makes the lock leave. The caller holds mu.
func (m *Mutex) depart() {
	m.freeze()
	m.leaving = m.hold != nil
	m.advance()
	m.thaw()
}

// maxTick is how long the count of uses may go unread: it wraps after 2^32.
const maxTick = 30 * time.Second

// tickTime is how often to look whether the lock is used.
func (m *Mutex) tickTime() time.Duration {
	if m.idle < 0 {
		return maxTick
	}
	return min(m.idle, maxTick)
}

// tick lets go of a hold that has not been used for the idle time.
func (m *Mutex) tick(h *Hold) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hold != h {
		return
	}
	m.harvest()
	if uses := m.uses(); uses != m.seen || m.inUse() {
		m.seen, m.usedAt = uses, time.Now()
	} else if m.idle >= 0 && time.Since(m.usedAt) >= m.idle {
		m.depart()
		return
	}
	m.timer.Reset(m.tickTime())
}

// close lets go of the lock, now or when it is not used any more, and turns those
// who wait out. It reports whether the mutex is in use.
func (m *Mutex) close() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.freeze()
	m.fail(ErrClosed)
	m.depart()
	return m.inUse()
}

// letGoIdle lets go of the lock if nobody uses it or waits for it, and reports
// whether it is gone.
func (m *Mutex) letGoIdle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first != nil || m.inUse() {
		return false
	}
	m.depart()
	return m.hold == nil
}
