// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"sync"
	"time"
)

// Threads that wait for nothing are kept for a while: to start one takes as long as
// several hand-overs of a lock. They have no lock open, nor a gate.
const (
	// keptApart is how many of them there are, at most.
	keptApart = 2
	// keptFor is how long they stay when nobody needs them.
	keptFor = 100 * time.Millisecond
)

// threads are the threads apart of a directory.
type threads struct {
	passage *passage

	mu    sync.Mutex
	idle  []*apart
	ender *time.Timer // ends those that are idle; nil before the first
}

func newThreads(dir int) (*threads, error) {
	p, err := newPassage(dir)
	if err != nil {
		return nil, err
	}
	return &threads{passage: p}, nil
}

// take returns a thread, which give takes back.
func (t *threads) take() *apart {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) == 0 {
		return newApart(t.passage)
	}
	a := t.idle[len(t.idle)-1] // the one that ran last, whose caches are warm
	t.idle = t.idle[:len(t.idle)-1]
	return a
}

// give takes back a thread that has nothing open.
func (t *threads) give(a *apart) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) >= keptApart {
		a.end()
		return
	}
	t.idle = append(t.idle, a)
	if t.ender == nil {
		t.ender = time.AfterFunc(keptFor, t.endIdle)
	} else {
		t.ender.Reset(keptFor)
	}
}

// endIdle ends the threads that nobody has needed for a while.
func (t *threads) endIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
}

// close ends the threads. All have been given back.
func (t *threads) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
	if t.ender != nil {
		t.ender.Stop()
	}
	t.passage.close()
}

// end ends those that are idle. The caller holds mu.
func (t *threads) end() {
	for _, a := range t.idle {
		a.end()
	}
	t.idle = nil
}
