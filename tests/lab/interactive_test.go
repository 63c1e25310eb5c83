// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

// TestInteractive types into a terminal of this machine whose other end a shell in
// a guest has.
func TestInteractive(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	keyboard, terminal := openTerminal(t)
	before := settings(t, terminal)
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 77}); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		status int
		err    error
		after  unix.Termios
	}
	ended := make(chan outcome, 1)
	go func() {
		status, err := n.Interactive(terminal, terminal, "sh")
		ended <- outcome{status, err, settings(t, terminal)}
		terminal.Close() // ends the loop below, whatever has happened
	}()
	// The shell echoes what is typed; what it answers is spelled otherwise.
	fmt.Fprint(keyboard, "stty size; tty; echo $((6*7)); exit 5\n")
	var seen strings.Builder
	screen := bufio.NewScanner(keyboard)
	for screen.Scan() {
		line := strings.TrimRight(screen.Text(), "\r")
		fmt.Fprintln(&seen, line)
	}
	got := <-ended
	if got.status != 5 || got.err != nil {
		t.Errorf("got status %d and error %v, want 5", got.status, got.err)
	}
	for _, want := range []string{"33 77\n", "/dev/pts/0\n", "42\n"} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("no %q on the screen:\n%s", want, seen.String())
		}
	}
	if got.after != before {
		t.Errorf("the terminal was left as %+v, it was %+v", got.after, before)
	}
}

// openTerminal makes a pseudo terminal of this machine (pts(4)).
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}

func settings(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Error(err)
		return unix.Termios{}
	}
	return *s
}
