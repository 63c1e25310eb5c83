// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
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

// showRegions writes the line anew for regions that start side by side, and takes
// it away when none of them is under way any more.
func (p progress) showRegions(regions []heartbeat.Progress) {
	var done int
	var last heartbeat.Progress // the one that takes longest
	for _, r := range regions {
		switch r.Phase {
		case heartbeat.Waiting, heartbeat.Starting:
			if left(r) >= left(last) {
				last = r
			}
		default:
			done++
		}
	}
	if done == len(regions) {
		p.clear()
		return
	}
	p.what = fmt.Sprintf("starting heartbeat: %d of %d regions run", done, len(regions))
	p.show(last.Elapsed, last.Expected)
}

// left is how long a region has to go.
func left(r heartbeat.Progress) time.Duration { return max(0, r.Expected-r.Elapsed) }

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
