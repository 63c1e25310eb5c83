// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"sync"
	"time"
)

// alarm tells the holder of a resource that somebody else wants it. It is rung
// by callers of this process, and while it is in the domain's watch by other
// processes of this node, which knock, and by other nodes.
type alarm struct {
	mu      sync.Mutex
	rung    bool
	knocked time.Time     // by another process, the last time
	heard   chan struct{} // closed when rung; nil until somebody listens
	tell    func()        // called when rung; nil when there is nobody to tell

	// The places of the alarm in the watch, guarded by watch.mu.
	armed bool
	fd    int
	key   int32
	wd    int32
}

// reset makes the alarm silent, for a new grant.
func (a *alarm) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rung, a.knocked, a.heard, a.tell = false, time.Time{}, nil, nil
}

// listen returns the channel that is closed when the alarm rings, or has rung.
func (a *alarm) listen() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.heard == nil {
		a.heard = make(chan struct{})
		if a.rung {
			close(a.heard)
		}
	}
	return a.heard
}

// call has tell called, once, on a goroutine of its own, when the alarm rings.
func (a *alarm) call(tell func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rung {
		go tell()
		return
	}
	a.tell = tell
}

// ring rings the alarm.
func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rung {
		return
	}
	a.rung = true
	if a.heard != nil {
		close(a.heard)
	}
	if a.tell != nil {
		go a.tell()
		a.tell = nil
	}
}

// knock rings the alarm for another process of this node.
func (a *alarm) knock() {
	a.mu.Lock()
	a.knocked = time.Now()
	a.mu.Unlock()
	a.ring()
}

// wasRung reports whether somebody has wanted the lock since it was granted.
func (a *alarm) wasRung() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rung
}

// listens reports whether somebody waits to be told.
func (a *alarm) listens() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.heard != nil || a.tell != nil
}

// outside reports whether another node or process wants the lock in fd now, as
// far as the alarm, which must be armed, knows. Whoever still waits has knocked
// not long ago.
func (a *alarm) outside(fd int) bool {
	a.mu.Lock()
	rung, knocked := a.rung, a.knocked
	a.mu.Unlock()
	return rung && (time.Since(knocked) < 2*lastKnock || wanted(fd))
}
