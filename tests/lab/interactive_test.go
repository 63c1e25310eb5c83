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
	status, failed := make(chan int, 1), make(chan error, 1)
	go func() {
		s, err := n.Interactive(terminal, terminal, "sh")
		status <- s
		failed <- err
	}()
	// The shell echoes what is typed; what it answers is spelled otherwise.
	fmt.Fprint(keyboard, "stty size; tty; echo $((6*7)); exit 5\n")
	var seen strings.Builder
	screen := bufio.NewScanner(keyboard)
	for screen.Scan() {
		line := strings.TrimRight(screen.Text(), "\r")
		fmt.Fprintln(&seen, line)
		if line == "42" {
			break
		}
	}
	if s, err := <-status, <-failed; s != 5 || err != nil {
		t.Errorf("got status %d and error %v, want 5", s, err)
	}
	for _, want := range []string{"33 77\n", "/dev/pts/0\n"} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("no %q on the screen:\n%s", want, seen.String())
		}
	}
	if after := settings(t, terminal); after != before {
		t.Errorf("the terminal was left as %+v, it was %+v", after, before)
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
		t.Fatal(err)
	}
	return *s
}
