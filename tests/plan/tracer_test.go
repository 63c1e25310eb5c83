// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// fault is what happens to a traced program at one of its changing system calls.
type fault struct {
	at    int           // the call, counted from 1
	on    bool          // also at every later one
	errno syscall.Errno // what the call fails with; 0 kills the program before the call
}

// outcome is what became of a traced program.
type outcome struct {
	hit    bool // the fault came
	call   string
	status int // -1: killed
	output string
}

// trace runs a program and lets the fault happen. Only calls of the program
// itself that change something count: files and file systems, not pipes, nor the
// programs that it starts.
func trace(f fault, name string, args ...string) (outcome, error) {
	runtime.LockOSThread() // ptrace(2) belongs to a thread
	defer runtime.UnlockOSThread()
	cmd := exec.Command(name, args...)
	var output bytes.Buffer
	read, write, err := os.Pipe()
	if err != nil {
		return outcome{}, err
	}
	defer read.Close()
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		write.Close()
		return outcome{}, err
	}
	write.Close()
	copied := make(chan error, 1)
	go func() { _, err := output.ReadFrom(read); copied <- err }()
	t := &tracer{fault: f, main: cmd.Process.Pid, entered: map[int]bool{}, failing: map[int]bool{}}
	status, err := t.run()
	if err != nil {
		err = errors.Join(err, cmd.Process.Kill())
	}
	if err := errors.Join(err, <-copied); err != nil {
		return outcome{}, err
	}
	return outcome{hit: t.hit, call: t.call, status: status, output: output.String()}, nil
}

// tracer follows the threads of one process.
type tracer struct {
	fault   fault
	main    int
	seen    int
	hit     bool
	call    string
	entered map[int]bool // threads inside a call
	failing map[int]bool // those whose call is to fail
}

// run follows the process to its end and returns its exit status.
func (t *tracer) run() (int, error) {
	var ws unix.WaitStatus
	if _, err := wait(t.main, &ws); err != nil {
		return 0, err
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.main, options); err != nil {
		return 0, fmt.Errorf("trace the program: %w", err)
	}
	tid, signal := t.main, 0
	for {
		if err := unix.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("continue thread %d: %w", tid, err)
		}
		var err error
		for {
			if tid, err = wait(-1, &ws); err != nil {
				return 0, err
			}
			if !ws.Exited() && !ws.Signaled() {
				break
			}
			if tid == t.main {
				if ws.Signaled() {
					return -1, nil
				}
				return ws.ExitStatus(), nil
			}
		}
		if signal, err = t.stopped(tid, ws); err != nil {
			return 0, err
		}
	}
}

// stopped deals with a stop and returns the signal that the thread is to get.
func (t *tracer) stopped(tid int, ws unix.WaitStatus) (int, error) {
	const atCall = unix.SIGTRAP | 0x80
	switch sig := ws.StopSignal(); {
	case sig == atCall:
		return 0, t.atCall(tid)
	case sig == unix.SIGTRAP, sig == unix.SIGSTOP:
		return 0, nil // an event of ptrace, or a new thread's first stop
	default:
		return int(sig), nil
	}
}

// atCall deals with the entry into a system call or the return from it.
func (t *tracer) atCall(tid int) error {
	t.entered[tid] = !t.entered[tid]
	if !t.entered[tid] {
		return t.leave(tid)
	}
	call, changes, err := t.describe(tid)
	if errors.Is(err, unix.ESRCH) {
		return nil // killed meanwhile
	}
	if err != nil || !changes {
		return err
	}
	t.seen++
	if t.seen != t.fault.at && (t.seen < t.fault.at || !t.fault.on) {
		return nil
	}
	if !t.hit {
		t.hit, t.call = true, call
	}
	if t.fault.errno == 0 {
		return unix.Kill(t.main, unix.SIGKILL)
	}
	t.failing[tid] = true
	return poke(tid, origRAX, -1) // no such call: nothing is done
}

// leave gives a call that was kept from happening its error.
func (t *tracer) leave(tid int) error {
	if !t.failing[tid] {
		return nil
	}
	delete(t.failing, tid)
	return poke(tid, rax, -int(t.fault.errno))
}

// The places of registers, in words. struct user_regs_struct in sys/user.h. They
// are read one by one: the kernel of User Mode Linux refuses to give all at once.
const (
	rax     = 10
	rdx     = 12
	rsi     = 13
	rdi     = 14
	origRAX = 15
)

func peek(tid, register int) (uint64, error) {
	var word [8]byte
	if _, err := unix.PtracePeekUser(tid, uintptr(8*register), word[:]); err != nil {
		return 0, fmt.Errorf("read register %d of thread %d: %w", register, tid, err)
	}
	return binary.LittleEndian.Uint64(word[:]), nil
}

func poke(tid, register, value int) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_POKEUSR, uintptr(tid), uintptr(8*register), uintptr(value), 0, 0)
	if errno != 0 && errno != unix.ESRCH {
		return fmt.Errorf("write register %d of thread %d: %w", register, tid, errno)
	}
	return nil
}

// describe returns a system call in words, and whether it counts.
func (t *tracer) describe(tid int) (call string, changes bool, err error) {
	var regs [16]uint64
	for _, r := range []int{origRAX, rdi, rsi, rdx} {
		if regs[r], err = peek(tid, r); err != nil {
			return "", false, err
		}
	}
	switch regs[origRAX] {
	case unix.SYS_WRITE, unix.SYS_PWRITE64:
		file, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.main, regs[rdi]))
		return "write to " + file, err == nil && strings.HasPrefix(file, "/"), nil
	case unix.SYS_OPENAT:
		const creates = unix.O_CREAT | unix.O_TRUNC
		return "openat " + t.text(tid, regs[rsi]), regs[rdx]&creates != 0, nil
	case unix.SYS_MKDIRAT:
		return "mkdirat " + t.text(tid, regs[rsi]), true, nil
	case unix.SYS_UNLINKAT:
		return "unlinkat " + t.text(tid, regs[rsi]), true, nil
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return "renameat " + t.text(tid, regs[rsi]), true, nil
	case unix.SYS_FLOCK:
		return "flock", true, nil
	case unix.SYS_FSYNC:
		return "fsync", true, nil
	case unix.SYS_FTRUNCATE:
		return "ftruncate", true, nil
	}
	return "", false, nil
}

// text reads a string of the traced process.
func (t *tracer) text(tid int, address uint64) string {
	buf := make([]byte, 256)
	n, err := unix.PtracePeekData(tid, uintptr(address), buf)
	if err != nil && n == 0 {
		return "?"
	}
	text, _, _ := strings.Cut(string(buf[:n]), "\x00")
	return text
}

func wait(pid int, ws *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, ws, unix.WALL, nil)
		if !errors.Is(err, unix.EINTR) {
			return tid, err
		}
	}
}
