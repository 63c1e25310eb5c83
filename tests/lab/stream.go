// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"sync"
)

// stream is what a command has written so far. Writing never waits for a reader.
type stream struct {
	mu     sync.Mutex
	data   []byte
	closed bool
	change chan struct{} // closed and replaced whenever something happens
}

func newStream() *stream { return &stream{change: make(chan struct{})} }

func (s *stream) write(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, p...)
	close(s.change)
	s.change = make(chan struct{})
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	close(s.change)
	s.change = make(chan struct{})
}

func (s *stream) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.data)
}

// from returns what was written after the first offset bytes, whether that is the
// end, and a channel that is closed when more has happened.
func (s *stream) from(offset int) (data []byte, closed bool, change <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data[offset:], s.closed, s.change
}

// take returns what was written since the last take and forgets it, whether that
// is the end, and a channel that is closed when more has happened.
func (s *stream) take() (data []byte, closed bool, change <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, s.data = s.data, nil
	return data, s.closed, s.change
}

// line returns the line that starts at offset, without its newline, and where the
// next starts. ok is false while it is not complete; the end of the stream
// completes a line that is not empty.
func (s *stream) line(offset int) (line string, next int, ok bool, closed bool, change <-chan struct{}) {
	data, closed, change := s.from(offset)
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return string(data[:i]), offset + i + 1, true, closed, change
	}
	if closed && len(data) > 0 {
		return string(data), offset + len(data), true, closed, change
	}
	return "", offset, false, closed, change
}
