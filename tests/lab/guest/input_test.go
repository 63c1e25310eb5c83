// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"testing"
)

// pipeEnd is a writer that remembers, and can be one that nobody reads.
type pipeEnd struct {
	bytes.Buffer
	broken bool
	closed bool
}

func (p *pipeEnd) Write(b []byte) (int, error) {
	if p.broken {
		return 0, errors.New("broken pipe")
	}
	return p.Buffer.Write(b)
}

func (p *pipeEnd) Close() error {
	p.closed = true
	return nil
}

func TestInput(t *testing.T) {
	for name, broken := range map[string]bool{"read": false, "not read": true} {
		in := newInput()
		for _, chunk := range []string{"one", "two", ""} {
			in.put([]byte(chunk))
		}
		end := &pipeEnd{broken: broken}
		total := 0
		in.feed(end, func(n int) { total += n })
		if total != 6 || !end.closed {
			t.Errorf("%s: %d of 6 bytes counted, closed %v", name, total, end.closed)
		}
		if want := "onetwo"; !broken && end.String() != want {
			t.Errorf("%s: got %q, want %q", name, end.String(), want)
		}
	}
}

func TestInputEndsWithItsCommand(t *testing.T) {
	in := newInput()
	done := make(chan struct{})
	go func() {
		in.feed(&pipeEnd{}, func(int) {})
		close(done)
	}()
	in.close()
	<-done
}
