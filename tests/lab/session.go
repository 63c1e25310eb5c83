// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// session is the control channel to one guest, for one boot.
type session struct {
	conn   *os.File
	out    *wire.Writer
	credit *window       // what may still be sent
	ready  chan struct{} // closed by Hello
	done   chan struct{} // closed when the channel has ended, after all commands were told

	mu        sync.Mutex
	release   string // the kernel's, from Hello
	next      uint32
	processes map[uint32]*Process
	wanted    bool  // the test wants the guest off, or will not mind
	err       error // why it ended, ErrOff if that is wanted; nil while it runs
}

func newSession(conn *os.File, inFlight int) *session {
	credit := newWindow(inFlight)
	s := &session{
		conn:      conn,
		out:       wire.NewWriter(&paced{w: conn, credit: credit}),
		credit:    credit,
		ready:     make(chan struct{}),
		done:      make(chan struct{}),
		processes: make(map[uint32]*Process),
	}
	go s.receive()
	return s
}

// receive hands frames to the commands until the channel ends.
func (s *session) receive() {
	in := wire.NewReader(s.conn)
	var err error
	for err == nil {
		var f wire.Frame
		if f, err = in.Read(); err == nil {
			err = s.handle(f)
		}
	}
	s.end(fmt.Errorf("control channel: %w", err))
}

func (s *session) handle(f wire.Frame) error {
	switch f.Kind {
	case wire.Hello:
		return s.hello(string(f.Payload))
	case wire.Failed:
		return fmt.Errorf("the agent gave up: %s", f.Payload)
	case wire.Received:
		return grant(s.credit, f)
	}
	s.mu.Lock()
	p := s.processes[f.ID]
	s.mu.Unlock()
	if p == nil {
		return nil // Consumed, after the command has ended
	}
	return s.dispatch(p, f)
}

// grant opens a window by what a frame says.
func grant(w *window, f wire.Frame) error {
	if len(f.Payload) != 4 {
		return fmt.Errorf("frame of kind %d with %d bytes", f.Kind, len(f.Payload))
	}
	w.add(int(binary.BigEndian.Uint32(f.Payload)))
	return nil
}

func (s *session) dispatch(p *Process, f wire.Frame) error {
	switch f.Kind {
	case wire.Stdout:
		p.stdout.write(f.Payload)
	case wire.Stderr:
		p.stderr.write(f.Payload)
	case wire.Consumed:
		return grant(p.window, f)
	case wire.Refused:
		s.forget(f.ID)
		p.finish(wire.Exited{Status: -1}, errors.New(string(f.Payload)))
	case wire.Exit:
		var exited wire.Exited
		if err := json.Unmarshal(f.Payload, &exited); err != nil {
			return fmt.Errorf("exit frame: %w", err)
		}
		s.forget(f.ID)
		p.finish(exited, nil)
	default:
		return fmt.Errorf("frame of kind %d is not for the lab", f.Kind)
	}
	return nil
}

func (s *session) hello(release string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.release != "" {
		return errors.New("the guest has started anew")
	}
	s.release = release
	close(s.ready)
	return nil
}

func (s *session) forget(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.processes, id)
}

// start sends a command to the guest. p is told how it goes.
func (s *session) start(p *Process, spec wire.Command) error {
	payload, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	s.next++
	p.id = s.next
	s.processes[p.id] = p
	s.mu.Unlock()
	if err := s.send(wire.Start, p.id, payload); err != nil {
		s.forget(p.id)
		return err
	}
	return nil
}

// stall is how long a guest may leave the channel full before it counts as dead.
const stall = time.Minute

func (s *session) send(kind wire.Kind, id uint32, payload []byte) error {
	hung := time.AfterFunc(stall, func() {
		s.end(fmt.Errorf("control channel: the guest has not read for %v", stall))
	})
	defer hung.Stop()
	err := s.out.Write(wire.Frame{Kind: kind, ID: id, Payload: payload})
	if err != nil {
		err = fmt.Errorf("control channel: %w", err)
		s.end(err) // half a frame may be out: there is no way back
	}
	return err
}

// paced writes no more than its credit allows and waits for more.
type paced struct {
	w      io.Writer
	credit *window
}

func (p *paced) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		n := p.credit.take(len(data) - written)
		if n == 0 {
			return written, io.ErrClosedPipe
		}
		n, err := p.w.Write(data[written : written+n])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// expectEnd says that the end of the session will be no failure.
func (s *session) expectEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = true
}

// end finishes every command with err and closes the channel. Only the first call counts.
func (s *session) end(err error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	if s.wanted {
		err = ErrOff
	}
	s.err = err
	left := s.processes
	s.processes = nil
	s.mu.Unlock()
	s.credit.close()
	s.conn.Close()
	for _, p := range left {
		p.finish(wire.Exited{Status: -1}, err)
	}
	close(s.done)
}

// failure returns why the session ended, nil while it runs.
func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
