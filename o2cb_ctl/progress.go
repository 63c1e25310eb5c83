// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// progress is a line on a terminal that shows how long a wait has taken. On
// anything else it is nothing.
type progress struct {
	w    io.Writer
	what string
}

// newProgress returns a line that says what is waited for.
func newProgress(w io.Writer, what string) progress {
	if !isTerminal(w) {
		w = io.Discard
	}
	return progress{w, what}
}

// show writes the line anew.
func (p progress) show(elapsed, expected time.Duration) {
	fmt.Fprintf(p.w, "\r\x1b[K%s … %.0f s of about %.0f s", p.what, elapsed.Seconds(), expected.Seconds())
}

// clear takes the line away.
func (p progress) clear() {
	fmt.Fprint(p.w, "\r\x1b[K")
}

// isTerminal tells whether w is a terminal that moves its cursor.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
