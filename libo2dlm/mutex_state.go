// SPDX-License-Identifier: Apache-2.0

package libo2dlm

// The state of a Mutex is one word, so that each of the quick ways is one load
// and one compare-and-swap. Its lower half says who holds the mutex and what the
// process has of the cluster's lock; its upper half counts the uses, which wrap.
//
// With slow set, all calls go the long way and only the holder of Mutex.mu changes
// the state.
const (
	oneReader uint64 = 1
	readers   uint64 = 1<<24 - 1
	writing   uint64 = 1 << 24 // somebody has it locked for writing
	readable  uint64 = 1 << 25 // the cluster's lock is here, at whatever level
	writable  uint64 = 1 << 26 // exclusively
	slow      uint64 = 1 << 27 // somebody waits, or the lock is leaving
	oneUse    uint64 = 1 << 32
	usesShift        = 32
)

// inUse reports whether anybody holds a mutex of that state.
func inUse(s uint64) bool { return s&(readers|writing) != 0 }

// inUse reports whether anybody holds the mutex.
func (m *Mutex) inUse() bool { return inUse(m.state.Load()) }

// freeze sends all calls the long way. The caller holds mu.
func (m *Mutex) freeze() {
	for {
		s := m.state.Load()
		if s&slow != 0 || m.state.CompareAndSwap(s, s|slow) {
			return
		}
	}
}

// thaw opens the quick ways again if nobody waits and the lock stays. The caller
// holds mu and has frozen the state.
func (m *Mutex) thaw() {
	if m.first == nil && !m.leaving {
		m.state.Store(m.state.Load() &^ slow)
	}
}

// change replaces bits of the frozen state. The caller holds mu.
func (m *Mutex) change(clear, set uint64) {
	m.state.Store(m.state.Load()&^clear | set)
}

// uses returns how often the mutex was locked, modulo 2^32.
func (m *Mutex) uses() uint32 { return uint32(m.state.Load() >> usesShift) }

// harvest adds the uses since the last time to the domain's count of cache hits.
// It is called more often than they wrap.
func (m *Mutex) harvest() {
	for {
		last := m.lastUse.Load()
		now := m.uses()
		if now == last {
			return
		}
		if m.lastUse.CompareAndSwap(last, now) {
			m.domain.cached.Add(uint64(now - last))
			return
		}
	}
}
