// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/o2cb-go/o2cb/tests/chaos/history"
)

// flushTime is how much of its history a program that is killed takes with it.
const flushTime = 20 * time.Millisecond

// recorder sends the history on standard output.
type recorder struct {
	goroutines []*recording

	mu     sync.Mutex
	buffer []byte

	quit chan struct{}
	done chan struct{}
}

// recording is a goroutine's part in the history.
type recording struct {
	*recorder
	process uint32
	index   int
	writes  uint64       // how many values it has made
	since   atomic.Int64 // when the use that is not recorded yet began, 0 without one
}

func newRecorder(process uint32, goroutines int) *recorder {
	r := &recorder{quit: make(chan struct{}), done: make(chan struct{})}
	for i := range goroutines {
		r.goroutines = append(r.goroutines, &recording{recorder: r, process: process, index: i})
	}
	r.send(history.AppendStart(nil, process, now()))
	go r.flushAlways()
	return r
}

func (r *recorder) goroutine(i int) *recording { return r.goroutines[i] }

// value returns a value that nobody else writes.
func (r *recording) value() uint64 {
	r.writes++
	return history.Written(r.process, r.writes*uint64(len(r.goroutines))+uint64(r.index))
}

// begin says that the lock has come, and returns when.
func (r *recording) begin() int64 {
	t := now()
	r.since.Store(t)
	return t
}

// add records operations that have ended. The lock is still held.
func (r *recording) add(ops ...history.Op) {
	r.mu.Lock()
	for _, op := range ops {
		r.buffer = history.AppendOp(r.buffer, op)
	}
	r.mu.Unlock()
	r.since.Store(0)
}

// complain records what is wrong.
func (r *recorder) complain(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buffer = history.AppendComplaint(r.buffer, err.Error())
}

func (r *recorder) flushAlways() {
	defer close(r.done)
	for {
		select {
		case <-r.quit:
			return
		case <-time.After(flushTime):
			r.flush()
		}
	}
}

// flush sends what there is, and up to when the history is complete then.
func (r *recorder) flush() {
	complete := now()
	for _, g := range r.goroutines {
		if since := g.since.Load(); since != 0 {
			complete = min(complete, since)
		}
	}
	r.mu.Lock()
	b := r.buffer
	r.buffer = nil
	r.mu.Unlock()
	r.send(history.AppendComplete(b, complete))
}

// end sends the rest.
func (r *recorder) end() {
	close(r.quit)
	<-r.done
	r.flush()
	r.send(history.AppendEnd(nil))
}

// send panics when the history cannot be sent: nothing could be said of the run.
func (r *recorder) send(b []byte) {
	if _, err := os.Stdout.Write(b); err != nil {
		panic(err)
	}
}
