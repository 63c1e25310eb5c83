// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors that the supervisor is started with, after the standard three.
const (
	lifelineFD = 3 // takes the guest's process ID as a line; reads end-of-file when the lab is gone or wants the guest dead
	firstFD    = 4 // this and the following are the guest's 3 and following
)

// supervise is the host-side parent of one guest: supervise PATH DESCRIPTORS PROCESSOR ARG0 ARG….
// It runs the program with the given number of extra descriptors, on the given
// processor or on any, in a process group of its own and kills the group when the lifeline ends: by the lab's
// wish, or because the lab's process is gone, in whatever way. It exits when no
// process of the guest is left, with the guest's exit status.
//
// User Mode Linux is several host processes, and killing the first leaves its
// helpers behind. They are one process group, and as a child subreaper
// (prctl(2), PR_SET_CHILD_SUBREAPER) the supervisor inherits and reaps them all.
//
// There is no parent death signal (PR_SET_PDEATHSIG) on purpose. It would reach the
// first process only, and the guest's processes, which that traces, can then run on
// as they are, with their system calls going to the host's kernel: seen with 6.1,
// with SIGKILL and with SIGTERM. Only a signal to the whole group is safe. If the
// supervisor is killed, the lab sends it; if both are, the control channel has
// ended and the agent powers the guest off.
func supervise(args []string) error {
	if len(args) < 4 {
		return fmt.Errorf("usage: supervise PATH DESCRIPTORS PROCESSOR ARG0 ARG…")
	}
	var extra int
	if _, err := fmt.Sscanf(args[1], "%d", &extra); err != nil {
		return fmt.Errorf("number of descriptors %q: %w", args[1], err)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	// The guest gets its own copies under other numbers.
	syscall.CloseOnExec(lifelineFD)
	files := []uintptr{0, 1, 2}
	for i := range extra {
		syscall.CloseOnExec(firstFD + i)
		files = append(files, uintptr(firstFD+i))
	}
	if err := pin(args[2]); err != nil {
		return err
	}
	if err := raiseFiles(); err != nil {
		return err
	}
	pid, err := syscall.ForkExec(args[0], args[3:], &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", args[0], err)
	}
	for _, fd := range files[3:] {
		// Or the lab would never see the guest hang up.
		syscall.Close(int(fd))
	}
	if _, err := syscall.Write(lifelineFD, fmt.Appendf(nil, "%d\n", pid)); err != nil {
		killGroup(pid) // the lab is gone already
	}
	go func() {
		awaitEnd(lifelineFD)
		killGroup(pid)
	}()
	os.Exit(reapGroup(pid))
	return nil
}

// pin keeps this thread, and what it starts, on a processor.
func pin(processor string) error {
	if processor == "any" {
		return nil
	}
	number, err := strconv.Atoi(processor)
	if err != nil {
		return fmt.Errorf("processor %q: %w", processor, err)
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(number)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("stay on processor %d: %w", number, err)
	}
	return nil
}

// raiseFiles lets the guest have as many descriptors as the host allows: each file of
// the host that the guest knows (hostfs) or has open (9p) is one.
func raiseFiles() error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil {
		return fmt.Errorf("raise the limit of open files to %d: %w", limit.Max, err)
	}
	return nil
}

// awaitEnd returns at end-of-file (or on an error, which is no better).
func awaitEnd(fd int) {
	buf := make([]byte, 1)
	for {
		n, err := syscall.Read(fd, buf)
		if err == syscall.EINTR || n > 0 {
			continue
		}
		return
	}
}

func killGroup(pgid int) {
	// ESRCH: all dead already.
	_ = syscall.Kill(-pgid, syscall.SIGKILL)
}

// reapGroup waits until no child is left and returns the exit status of the
// first. Once that is dead the others have no more reason to live.
func reapGroup(first int) int {
	code := 0
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil { // ECHILD
			return code
		}
		if pid != first {
			continue
		}
		if code = status.ExitStatus(); status.Signaled() {
			code = 128 + int(status.Signal())
		}
		killGroup(first)
	}
}
