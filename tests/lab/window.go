// SPDX-License-Identifier: Apache-2.0

package lab

import "sync"

// window counts how much input of a command may still be sent.
type window struct {
	mu     sync.Mutex
	left   int
	closed bool
	change *sync.Cond
}

func newWindow(size int) *window {
	w := &window{left: size}
	w.change = sync.NewCond(&w.mu)
	return w
}

// take waits until something may be sent and takes up to limit bytes of it. It
// returns 0 after close.
func (w *window) take(limit int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.left == 0 && !w.closed {
		w.change.Wait()
	}
	if w.closed {
		return 0
	}
	n := min(w.left, limit)
	w.left -= n
	return n
}

func (w *window) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left += n
	w.change.Broadcast()
}

func (w *window) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.change.Broadcast()
}
