// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultHoldOff lets some thousands of calls use a lock that two nodes fight
	// for before it changes nodes, which takes a millisecond or two.
	DefaultHoldOff = 5 * time.Millisecond

	// DefaultIdle is after how long without use a Mutex gives its lock back.
	DefaultIdle = 10 * time.Second
)

// MutexOptions are the options of Domain.Mutex.
type MutexOptions struct {
	// HoldOff is how long a lock that somebody else wants stays here at least,
	// counted from its grant, so that a lock which several nodes fight for does some
	// work on each of them; DefaultHoldOff when 0, none when negative. It is handed
	// over at the first moment after that in which nobody here holds it.
	HoldOff time.Duration

	// Idle is after how long without use the lock is given back to the kernel
	// (between that and twice as long); DefaultIdle when 0, never when negative.
	Idle time.Duration

	// ExclusiveOnly declares that nobody, on any node, takes this lock Shared: see
	// JoinOptions.ExclusiveOnly. RLock is refused then.
	ExclusiveOnly bool
}

// Mutex is a read/write lock of the cluster that stays with this process after
// Unlock, until somebody else wants it or it has not been used for a while. To
// take it again is then some atomic operations: no system call. It is for locks
// that one node uses often, or many nodes read often.
//
// Many goroutines use one Mutex; a process has one for a resource. (A second one,
// and calls of Domain.Lock, are served in turn, but cannot share with it.)
// Goroutines that wait are served in order; those that read next to each other
// together, so that neither readers nor writers starve.
//
// Unlike a Hold a Mutex excludes the goroutines from each other by itself: what a
// reader has is not a hold of the cluster's lock, but a share in the process's one.
type Mutex struct {
	domain   *Domain
	resource string
	holdOff  time.Duration
	idle     time.Duration
	gated    bool

	state   atomic.Uint64 // see oneReader
	lastUse atomic.Uint32 // the uses in state that have been counted

	mu      sync.Mutex
	closed  bool
	hold    *Hold     // the cluster's lock, nil when it is not here
	granted time.Time // when hold came
	usedAt  time.Time // when it was last seen in use,
	seen    uint32    // and the uses in state then
	leaving bool      // hold is given back when nobody uses it
	request *waiter   // for the cluster's lock, nil when there is none
	timer   *time.Timer
	first   *mutexWaiter
	last    *mutexWaiter
}

// Mutex returns a mutex for the resource. It asks for nothing yet: an invalid
// name is the error of the first Lock. Nil options are the zero MutexOptions.
func (d *Domain) Mutex(resource string, opts *MutexOptions) *Mutex {
	m := &Mutex{domain: d, resource: resource, holdOff: DefaultHoldOff, idle: DefaultIdle, gated: d.gated}
	if opts == nil {
		return m
	}
	if opts.HoldOff != 0 {
		m.holdOff = max(opts.HoldOff, 0)
	}
	if opts.Idle != 0 {
		m.idle = opts.Idle
	}
	m.gated = m.gated && !opts.ExclusiveOnly
	return m
}

// Lock locks the mutex for writing: nobody else in the cluster holds the
// resource until Unlock.
//
// A ctx that ends first ends the wait, and Lock returns its error at once; it is
// not looked at where there is nothing to wait for. The other errors are those of
// Domain.Lock.
func (m *Mutex) Lock(ctx context.Context) error {
	for {
		s := m.state.Load()
		if s&(readers|writing|writable|slow) != writable {
			return m.lockSlow(ctx, Exclusive)
		}
		if m.state.CompareAndSwap(s, (s|writing)+oneUse) {
			return nil
		}
	}
}

// Unlock ends Lock. It never waits. Like that of a sync.Mutex it may be called by
// any goroutine, and panics if the mutex is not locked.
func (m *Mutex) Unlock() {
	for {
		s := m.state.Load()
		if s&(writing|slow) != writing {
			m.unlockSlow(Exclusive)
			return
		}
		if m.state.CompareAndSwap(s, s&^writing) {
			return
		}
	}
}

// RLock locks the mutex for reading: nobody in the cluster holds the resource
// exclusively until RUnlock. It fails with errors.ErrUnsupported where the lock
// was declared ExclusiveOnly, and otherwise like Lock. A goroutine that holds it
// for reading must not RLock it again: a writer may have come between.
func (m *Mutex) RLock(ctx context.Context) error {
	for {
		s := m.state.Load()
		if s&(writing|readable|slow) != readable {
			return m.lockSlow(ctx, Shared)
		}
		if m.state.CompareAndSwap(s, s+oneReader+oneUse) {
			return nil
		}
	}
}

// RUnlock ends RLock, and panics if nobody has the mutex locked for reading.
func (m *Mutex) RUnlock() {
	for {
		s := m.state.Load()
		if s&slow != 0 || s&readers == 0 {
			m.unlockSlow(Shared)
			return
		}
		if m.state.CompareAndSwap(s, s-oneReader) {
			return
		}
	}
}

// Locker returns a sync.Locker whose Lock and Unlock are those of m, without a
// context. A sync.Locker cannot return an error, so its Lock panics with the one
// of m: of a domain that was closed, for example.
func (m *Mutex) Locker() sync.Locker { return locker{m} }

type locker struct{ *Mutex }

func (l locker) Lock() {
	if err := l.Mutex.Lock(context.Background()); err != nil {
		panic(err)
	}
}

// Value is Hold.Value, for whoever has the mutex locked.
func (m *Mutex) Value() ([]byte, error) {
	h, err := m.held(opValue)
	if err != nil {
		return nil, err
	}
	return h.Value()
}

// SetValue is Hold.SetValue, for whoever has the mutex locked for writing.
func (m *Mutex) SetValue(p []byte) error {
	if m.state.Load()&writing == 0 {
		return m.domain.failed(opSetValue, m.resource, errNotWriting)
	}
	h, err := m.held(opSetValue)
	if err != nil {
		return err
	}
	return h.SetValue(p)
}

// Token is Hold.Token, for whoever has the mutex locked. It is the same from the
// moment the lock comes to this process until it leaves: it tells this process
// from the others, not one Lock from the next. Holders of this process that have
// to be told apart need a lock each, from Domain.Lock.
func (m *Mutex) Token() Token {
	h, err := m.held(opToken)
	if err != nil {
		return 0
	}
	return h.Token()
}

var errNotWriting = errors.New("the mutex is not locked for writing")

// held returns the hold behind a mutex that is locked.
func (m *Mutex) held(op string) (*Hold, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hold == nil || !inUse(m.state.Load()) {
		return nil, m.domain.failed(op, m.resource, fmt.Errorf("%w: the mutex is not locked", ErrReleased))
	}
	return m.hold, nil
}
