// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Kind says what a frame means and so what its payload is.
type Kind uint8

// The frames. The command that a frame belongs to is its ID.
const (
	Hello    Kind = iota + 1 // guest to lab: the node is up; payload is the kernel's release
	Failed                   // guest to lab: the node cannot come up; payload is the reason
	Start                    // lab to guest: run a command; payload is Command as JSON
	Refused                  // guest to lab: the command could not be started; payload is the reason
	Stdin                    // lab to guest: input of the command; empty is the end of it
	Consumed                 // guest to lab: bytes of input that the command's pipe took; payload is a uint32
	Stdout                   // guest to lab: output of the command
	Stderr                   // guest to lab: error output of the command
	Exit                     // guest to lab: the command ended; payload is Exited as JSON
	Signal                   // lab to guest: signal to the command's process group; payload is one byte
	Resize                   // lab to guest: new size of the command's terminal; payload is Size as JSON
	Received                 // guest to lab: bytes that the agent has read from the channel; payload is a uint32
)

// Window is how many bytes of input may be on their way to one command before
// the lab waits for Consumed.
const Window = 256 << 10

// AckEvery is how many bytes the agent receives before it says so.
const AckEvery = 1024

// Chunk is the largest piece of input or output in one frame, in bytes. Small
// enough that a signal never waits long behind the output of another command.
const Chunk = 32 << 10

// maxPayload bounds what a frame may claim to carry, in bytes: the largest is a
// Start with a long argument list (the kernel's own limit is below 2 MiB).
const maxPayload = 4 << 20

// headerSize is the length of a frame's header: payload length (4 bytes), kind
// (1) and ID (4), big endian.
const headerSize = 9

// Frame is one message.
type Frame struct {
	Kind    Kind
	ID      uint32
	Payload []byte
}

// Command is the payload of Start.
type Command struct {
	Args     []string
	Env      []string // KEY=VALUE, added to the guest's own; the last of a name counts
	Dir      string
	HostFile string // path on the host of the program to run; Args[0] stays its name
	Input    string // path on the host of the file that is its input, instead of Stdin frames
	Terminal *Size  // non-nil: run on a pseudo terminal of this size, output is all Stdout
}

// Size is the size of a terminal in characters.
type Size struct {
	Rows, Columns uint16
}

// Exited is the payload of Exit.
type Exited struct {
	Status int // exit status, or 128 + Signal
	Signal int // 0 unless a signal ended it
}

// Writer sends frames. It may be used by several goroutines: a frame is never
// torn by another.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter returns a Writer onto w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write sends one frame, in one Write of the underlying stream.
func (w *Writer) Write(f Frame) error {
	if len(f.Payload) > maxPayload {
		return fmt.Errorf("frame of %d bytes: the limit is %d", len(f.Payload), maxPayload)
	}
	b := make([]byte, headerSize, headerSize+len(f.Payload))
	binary.BigEndian.PutUint32(b, uint32(len(f.Payload)))
	b[4] = byte(f.Kind)
	binary.BigEndian.PutUint32(b[5:], f.ID)
	b = append(b, f.Payload...)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.w.Write(b)
	return err
}

// Reader receives frames. One goroutine may use it.
type Reader struct {
	r *bufio.Reader
}

// NewReader returns a Reader from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 2*Chunk)} }

// Read returns the next frame. It returns io.EOF when the stream ended between
// two frames, io.ErrUnexpectedEOF within one, and an error for a header that no
// Writer makes (the ends are out of step: the stream is of no more use).
func (r *Reader) Read() (Frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(h[:])
	f := Frame{Kind: Kind(h[4]), ID: binary.BigEndian.Uint32(h[5:])}
	if n > maxPayload || f.Kind < Hello || f.Kind > Received {
		return Frame{}, fmt.Errorf("not a frame: header % x", h)
	}
	f.Payload = make([]byte, n)
	if _, err := io.ReadFull(r.r, f.Payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return f, nil
}
