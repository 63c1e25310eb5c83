// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestKilledProgram: when the program that has the lab is killed, all that
// belongs to its guests dies.
func TestKilledProgram(t *testing.T) {
	family, kill := startVictim(t)
	kill(family.root)
	family.awaitEnd(t)
}

// TestKilledSupervisor: the supervisors are no weak spot.
func TestKilledSupervisor(t *testing.T) {
	family, kill := startVictim(t)
	for _, pid := range family.supervisors {
		kill(pid)
	}
	family.awaitEnd(t, family.root)
}

// TestKilledBoth: nor are they needed. The supervisors are stopped and cannot do
// anything when the program is killed: the guests power themselves off.
func TestKilledBoth(t *testing.T) {
	family, kill := startVictim(t)
	for _, pid := range family.supervisors {
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	kill(family.root)
	family.awaitEnd(t, family.supervisors...)
	for _, pid := range family.supervisors {
		kill(pid)
	}
}

// kin is a process and all that descend from it.
type kin struct {
	root        int
	supervisors []int
	handles     map[int]int // descriptor (pidfd_open(2)) of each process
	names       map[int]string
}

// startVictim boots a cluster in a program of its own.
func startVictim(t *testing.T) (*kin, func(pid int)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	// What a killed program leaves behind lies in the test's directory.
	cmd.Env = append(os.Environ(), "O2CB_LAB_ROLE=victim", "TMPDIR="+t.TempDir(), "O2CB_LAB_KEEP="+t.TempDir())
	cmd.Stderr = t.Output()
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The error is ours: it was killed, or its standard input ends now.
		_ = cmd.Wait()
	})
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the victim says %q, %v", line, err)
	}
	return family(t, cmd.Process.Pid), func(pid int) {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Errorf("kill %d: %v", pid, err)
		}
	}
}

// family opens a handle on every descendant of root.
func family(t *testing.T, root int) *kin {
	t.Helper()
	k := &kin{root: root, handles: make(map[int]int), names: make(map[int]string)}
	t.Cleanup(func() {
		for _, fd := range k.handles {
			unix.Close(fd)
		}
	})
	parents := parents(t)
	for pid := range parents {
		for at := pid; at > 1; at = parents[at] {
			if at != root {
				continue
			}
			if fd, err := unix.PidfdOpen(pid, 0); err == nil {
				k.handles[pid] = fd
				k.names[pid] = commandLine(pid)
			}
			if parents[pid] == root {
				k.supervisors = append(k.supervisors, pid)
			}
		}
	}
	// The program, and of each node the supervisor, the kernel and a helper of it.
	if len(k.handles) < 7 || len(k.supervisors) != 2 {
		t.Fatalf("%d processes with %d supervisors, too few: %v", len(k.handles), len(k.supervisors), k.names)
	}
	return k
}

// parents returns the parent of every process (proc_pid_stat(5), field 4).
func parents(t *testing.T) map[int]int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[int]int)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // gone since
		}
		var state string
		var parent int
		if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		all[pid] = parent
	}
	return all
}

func commandLine(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return err.Error()
	}
	return string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
}

// awaitEnd waits for the end of all but the excepted. The limit is for a bug only.
func (k *kin) awaitEnd(t *testing.T, except ...int) {
	t.Helper()
	for _, pid := range except {
		unix.Close(k.handles[pid])
		delete(k.handles, pid)
	}
	limit := time.Now().Add(time.Minute)
	left := func() int { return max(0, int(time.Until(limit).Milliseconds())) }
	for pid, fd := range k.handles {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, left())
		for err == unix.EINTR {
			n, err = unix.Poll(fds, left())
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Errorf("still alive: %d %s", pid, k.names[pid])
		}
	}
}
