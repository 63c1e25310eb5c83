// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"
)

// statusInterrupted is what a shell makes of a program that SIGINT ended.
const statusInterrupted = 128 + int(unix.SIGINT)

// dialogue is a conversation with a person or a script.
type dialogue struct {
	ctx      context.Context
	std      streams
	terminal bool
	lines    chan string // closed at the end of the input
	refused  string      // the last answer that was, when the next one has not come
	over     bool        // the input has ended
}

// newDialogue starts to listen. What listens ends with the process: a read of a
// terminal cannot be broken off.
func newDialogue(ctx context.Context, std streams) *dialogue {
	d := &dialogue{ctx: ctx, std: std, lines: make(chan string), terminal: readsTerminal(std.in)}
	go func() {
		defer close(d.lines)
		in := bufio.NewReader(std.in)
		for {
			line, err := in.ReadString('\n')
			if line != "" {
				d.lines <- strings.TrimSpace(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return d
}

// readsTerminal tells whether a person types.
func readsTerminal(in io.Reader) bool {
	f, ok := in.(interface{ Fd() uintptr })
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// ask asks until the answer is right. changed is false for an answer that keeps what
// is there. so are the answers so far.
func (d *dialogue) ask(q question, so given) (value string, changed bool, err error) {
	for {
		fmt.Fprintf(d.std.out, "%s [%s]: ", q.prompt, q.current)
		line, err := d.next()
		if err != nil {
			return "", false, err
		}
		if line == "" {
			return "", false, nil
		}
		value, wrong := q.accept(line, so)
		if wrong == "" {
			d.refused = ""
			return value, true, nil
		}
		d.refused = wrong
		fmt.Fprintln(d.std.err, visible(wrong))
	}
}

// next returns the next answer, an empty one after the end of what a script said.
func (d *dialogue) next() (string, error) {
	select {
	case <-d.ctx.Done():
		fmt.Fprintln(d.std.out)
		return "", statusError{statusInterrupted, errInterrupted}
	case line, ok := <-d.lines:
		d.over = !ok
		if !ok && d.terminal {
			fmt.Fprintln(d.std.out)
			return "", statusError{statusInterrupted, errInterrupted}
		}
		return line, nil
	}
}

var errInterrupted = errors.New("interrupted")

// refusedAny is an error when the input ended after an answer that was refused: what
// was meant is not known.
func (d *dialogue) refusedAny() error {
	if d.over && d.refused != "" {
		return fmt.Errorf("nothing was written: the last answer was refused, and no other came: %s", d.refused)
	}
	return nil
}
