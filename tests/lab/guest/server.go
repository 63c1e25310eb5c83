// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// server runs commands for the lab, any number side by side.
type server struct {
	out    *wire.Writer
	host   *os.File // the host's root, for programs that the guest's root does not show
	reaper *reaper

	mu       sync.Mutex
	commands map[uint32]*command
}

func newServer(out *wire.Writer, host *os.File) *server {
	return &server{out: out, host: host, reaper: newReaper(), commands: make(map[uint32]*command)}
}

// serve handles frames until the lab closes its end, which is no error.
func (s *server) serve(in *wire.Reader) error {
	for {
		f, err := in.Read()
		// A hung-up terminal reads as EIO.
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("control channel: %w", err)
		}
		if err := s.handle(f); err != nil {
			return err
		}
	}
}

// handle never waits for a command: one that does not read its input must not
// keep the others from theirs.
func (s *server) handle(f wire.Frame) error {
	if f.Kind == wire.Start {
		return s.start(f)
	}
	s.mu.Lock()
	c := s.commands[f.ID]
	s.mu.Unlock()
	if c == nil {
		return nil // it ended while the frame was on its way
	}
	switch f.Kind {
	case wire.Stdin:
		c.input.put(f.Payload)
	case wire.Signal:
		if len(f.Payload) == 1 {
			s.reaper.kill(c.pid, syscall.Signal(f.Payload[0]))
		}
	case wire.Resize:
		var size wire.Size
		if err := json.Unmarshal(f.Payload, &size); err != nil {
			return fmt.Errorf("resize frame: %w", err)
		}
		c.resize(size)
	default:
		return fmt.Errorf("frame of kind %d is not for a guest", f.Kind)
	}
	return nil
}

func (s *server) start(f wire.Frame) error {
	var spec wire.Command
	if err := json.Unmarshal(f.Payload, &spec); err != nil {
		return fmt.Errorf("start frame: %w", err)
	}
	c, err := s.newCommand(f.ID, &spec)
	if err != nil {
		return s.out.Write(wire.Frame{Kind: wire.Refused, ID: f.ID, Payload: []byte(err.Error())})
	}
	s.mu.Lock()
	s.commands[f.ID] = c
	s.mu.Unlock()
	go func() {
		exited := c.run()
		s.mu.Lock()
		delete(s.commands, f.ID)
		s.mu.Unlock()
		payload, err := json.Marshal(exited)
		if err != nil {
			panic(err) // two integers
		}
		// A lost channel ends the guest in serve.
		_ = s.out.Write(wire.Frame{Kind: wire.Exit, ID: f.ID, Payload: payload})
	}()
	return nil
}
