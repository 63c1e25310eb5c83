// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"math/rand/v2"
	"sync"
	"time"
)

// link carries frames from one node to another, in order, with the faults that
// are set on it.
type link struct {
	deliver func([]byte)

	mu     sync.Mutex
	cut    bool
	drop   float64 // probability, 0 to 1
	delay  time.Duration
	queue  []held
	timer  *time.Timer // runs while the queue is not empty
	closed bool
}

// held is a frame on its way.
type held struct {
	frame []byte
	due   time.Time
}

// linkQueue bounds the frames on their way over a delayed link.
const linkQueue = 16384

func newLink(deliver func([]byte)) *link { return &link{deliver: deliver} }

// carry takes a frame from the sender. It never waits.
func (l *link) carry(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.cut || (l.drop > 0 && rand.Float64() < l.drop) {
		return
	}
	// Also behind a frame that is still held, or it would overtake it.
	if l.delay == 0 && len(l.queue) == 0 {
		l.deliver(frame)
		return
	}
	if len(l.queue) == linkQueue {
		return
	}
	l.queue = append(l.queue, held{frame, time.Now().Add(l.delay)})
	if len(l.queue) == 1 {
		l.timer = time.AfterFunc(l.delay, l.release)
	}
}

// release delivers what is due and sets the timer for the next.
func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		wait := time.Until(l.queue[0].due)
		if wait > 0 {
			l.timer.Reset(wait)
			return
		}
		l.deliver(l.queue[0].frame)
		l.queue = l.queue[1:]
	}
}

// set changes the faults. A cut loses what is on its way, as a pulled cable does.
func (l *link) set(change func(*link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	if l.cut {
		l.empty()
	}
}

// heal takes all faults away; what is on its way still arrives when it is due.
func (l *link) heal() {
	l.set(func(l *link) { l.cut, l.drop, l.delay = false, 0, 0 })
}

func (l *link) empty() {
	l.queue = nil
	if l.timer != nil {
		l.timer.Stop()
	}
}

// close drops what is on its way and all that comes.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.empty()
}
