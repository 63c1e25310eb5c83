// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"sync"
)

// input is the queue of a command's input between the channel and its pipe. The
// lab sends no more than wire.Window ahead, so it is bounded.
type input struct {
	mu     sync.Mutex
	queue  [][]byte // an empty chunk is the end of input
	closed bool     // the command has ended
	change chan struct{}
}

func newInput() *input { return &input{change: make(chan struct{}, 1)} }

// put queues input without waiting; an empty chunk is its end.
func (in *input) put(p []byte) {
	in.mu.Lock()
	in.queue = append(in.queue, p)
	in.mu.Unlock()
	in.wake()
}

// close ends feed.
func (in *input) close() {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.wake()
}

func (in *input) wake() {
	select {
	case in.change <- struct{}{}:
	default: // feed has been told already
	}
}

// take returns the next chunk, or ok false when there is none now.
func (in *input) take() (p []byte, ok, closed bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed || len(in.queue) == 0 {
		return nil, false, in.closed
	}
	p, in.queue = in.queue[0], in.queue[1:]
	return p, true, false
}

// feed writes the queue to w and reports what was taken, until the end of input
// or of the command.
func (in *input) feed(w io.WriteCloser, consumed func(int)) {
	for {
		p, ok, closed := in.take()
		switch {
		case closed:
			return
		case !ok:
			<-in.change
		case len(p) == 0:
			w.Close()
			return
		default:
			// When nobody reads any more, what still comes counts as taken, or
			// the lab would wait for a window that never opens.
			_, _ = w.Write(p)
			consumed(len(p))
		}
	}
}
