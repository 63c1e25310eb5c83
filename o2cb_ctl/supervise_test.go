// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// TestCommandIsNotKilledUnasked looks for the means: to see that the command is
// not killed after some time would take that time.
func TestCommandIsNotKilledUnasked(t *testing.T) {
	cmd := newCommand(streams{}, []string{"true"})
	if cmd.Cancel != nil || cmd.WaitDelay != 0 {
		t.Errorf("the command is killed after %s", cmd.WaitDelay)
	}
	if cmd.SysProcAttr.Pdeathsig != unix.SIGKILL {
		t.Error("the command outlives the lock when o2cb_ctl is killed")
	}
}

func TestSuperviseStartsNothingAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	made := filepath.Join(t.TempDir(), "made")
	status, err := supervise(ctx, streams{}, []string{"touch", made})
	if status != 130 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", status, err)
	}
	if _, err := os.Stat(made); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran: %v", err)
	}
}

// TestInterruptedWait ends the wait for a lock by each of the signals.
func TestInterruptedWait(t *testing.T) {
	dir := t.TempDir()
	domain, err := libo2dlm.Join(t.Context(), "test", &libo2dlm.JoinOptions{Mount: dir, SingleNode: true})
	if err != nil {
		t.Fatal(err)
	}
	hold, err := domain.Lock(t.Context(), "one", libo2dlm.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(hold.Release(), domain.Close()); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		signal unix.Signal
		want   int
	}{{unix.SIGINT, 130}, {unix.SIGTERM, 143}} {
		cmd := exec.CommandContext(t.Context(), "o2cb_ctl", "lock", "--single-node", dir, "test", "one", "--", "true")
		stderr := new(strings.Builder)
		cmd.Stderr = stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		untilWaiting(t, cmd.Process.Pid)
		if err := cmd.Process.Signal(test.signal); err != nil {
			t.Error(err)
		}
		if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != test.want {
			t.Errorf("%v: %v, want status %d: %s", test.signal, cmd.ProcessState, test.want, stderr)
		}
	}
}

// untilWaiting returns when a child of the process waits for a flock. proc_locks(5).
func untilWaiting(t testing.TB, pid int) {
	t.Helper()
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(locks)) {
			if fields := strings.Fields(line); strings.Contains(line, "-> FLOCK") && parentOf(fields[5]) == pid {
				return
			}
		}
		select {
		case <-pause.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// parentOf returns the parent of a process; 0 when it is gone.
func parentOf(pid string) (parent int) {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nPPid:")
	_, _ = fmt.Sscan(rest, &parent)
	return parent
}

// TestTerminalInterruptsOnce types ^C at a terminal. A command gets that from the
// terminal and must not get it from us as well: the one here has left the
// terminal's session, so that only what we pass on reaches it.
func TestTerminalInterruptsOnce(t *testing.T) {
	keyboard, terminal := openTerminal(t)
	const count = `n=0; trap 'n=$((n+1))' INT; trap 'echo "interrupts $n"; exit 0' TERM
echo ready
while :; do sleep 0.01; done`
	cmd := exec.CommandContext(t.Context(), "o2cb_ctl", "lock", "--single-node", t.TempDir(), "test", "one", "--", "setsid", "sh", "-c", count)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	screen := bufio.NewReader(keyboard)
	readUpTo(t, screen, "ready\r\n")
	if _, err := io.WriteString(keyboard, "\x03"); err != nil {
		t.Fatal(err)
	}
	readUpTo(t, screen, "^C") // shown after the signal was sent
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if text := readUpTo(t, screen, "\r\n"); text != "interrupts 0\r\n" {
		t.Errorf("the command says %q", text)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// readUpTo reads until a text ends as wanted, and returns it.
func readUpTo(t testing.TB, r io.ByteReader, end string) string {
	t.Helper()
	var text []byte
	for !strings.HasSuffix(string(text), end) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%q, then %v, want %q", text, err, end)
		}
		text = append(text, b)
	}
	return string(text)
}

// openTerminal opens both ends of a pseudo-terminal. pts(4).
func openTerminal(t testing.TB) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keyboard, terminal
}
