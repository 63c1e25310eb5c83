// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// stdio is the agent's end of a command's three streams.
type stdio struct {
	child    [3]*os.File // the command's ends
	in       *os.File
	outputs  []output // standard output, and error output if it is apart
	terminal bool
}

// openStdio makes three pipes, or a pseudo terminal of that size.
func openStdio(size *wire.Size) (*stdio, error) {
	if size != nil {
		return openTerminal(*size)
	}
	var ends [6]*os.File
	for i := 0; i < len(ends); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range ends[:i] {
				f.Close()
			}
			return nil, fmt.Errorf("make a pipe: %w", err)
		}
		ends[i], ends[i+1] = r, w
	}
	return &stdio{
		child:   [3]*os.File{ends[0], ends[3], ends[5]},
		in:      ends[1],
		outputs: []output{{ends[2]}, {ends[4]}},
	}, nil
}

// closeChild closes the ends that the command has inherited.
func (s *stdio) closeChild() {
	for _, f := range s.child {
		f.Close() // a terminal is there three times; the later closes do nothing
	}
}

func (s *stdio) close() {
	s.in.Close()
	for _, o := range s.outputs {
		o.file.Close()
	}
}

// output is one stream from a command.
type output struct{ file *os.File }

// copy hands what comes to send, until the end or until finish was called and
// nothing is left.
func (o output) copy(send func([]byte) error) {
	buf := make([]byte, wire.Chunk)
	for {
		n, err := o.file.Read(buf)
		if n > 0 && send(buf[:n]) != nil {
			return
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.drain(buf, send)
			return
		}
		if err != nil {
			return // io.EOF, or EIO of a terminal whose last user is gone
		}
	}
}

// finish ends copy once it has sent what is in the pipe now.
func (o output) finish() {
	// It fails for a file without a poller only, which pipes and terminals have.
	_ = o.file.SetReadDeadline(time.Unix(1, 0))
}

// drain sends what can be read without waiting. The poller refuses to read after
// a deadline, so it is taken back and the descriptor asked directly.
func (o output) drain(buf []byte, send func([]byte) error) {
	if o.file.SetReadDeadline(time.Time{}) != nil {
		return
	}
	raw, err := o.file.SyscallConn()
	if err != nil {
		return
	}
	for {
		var n int
		err := raw.Read(func(fd uintptr) bool {
			n, _ = unix.Read(int(fd), buf)
			return true // do not wait: EAGAIN is the end
		})
		if err != nil || n <= 0 || send(buf[:n]) != nil {
			return
		}
	}
}
