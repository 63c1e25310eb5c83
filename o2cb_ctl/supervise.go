// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exit statuses of a command that could not be run or was ended by a signal, as
// shells give them. POSIX, Shell Command Language, 2.8.2.
const (
	statusNotFound    = 127
	statusNotRunnable = 126
	statusSignal      = 128
)

// supervise runs a command to its end, however long that takes, and returns its
// exit status. Signals that ask this process to end are passed on to the command,
// which decides what to make of them. It is not started when ctx has ended.
//
// When this process dies, the command is killed: it must not run on without its
// lock. That is true of the command only; what it left behind in the background
// runs on, whether this process dies or the command ends.
func supervise(ctx context.Context, std streams, argv []string) (status int, err error) {
	// The kernel sends Pdeathsig when the parent *thread* ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	signals := catch(unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil {
		return statusOf(signals), fmt.Errorf("run %q: %w", argv[0], err)
	}
	cmd := newCommand(std, argv)
	if err := cmd.Start(); err != nil {
		return statusToRun(err), fmt.Errorf("run %q: %w", argv[0], err)
	}
	ended := make(chan struct{})
	relayed := make(chan struct{})
	go func() {
		defer close(relayed)
		relay(signals, cmd.Process, ended)
	}()
	err = cmd.Wait()
	close(ended)
	<-relayed
	return statusAfter(cmd, err)
}

// statusToRun returns the exit status for a command that could not be run.
func statusToRun(err error) int {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return statusNotFound
	}
	return statusNotRunnable
}

// newCommand makes the command. It has no context: nothing but a person or the
// end of this process kills it.
func newCommand(std streams, argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// relay passes signals on to a process until it has ended. To one that is just
// ending a signal cannot be sent any more, and need not.
func relay(signals <-chan os.Signal, process *os.Process, ended <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if !sentByTerminal(s) {
				_ = process.Signal(s)
			}
		case <-ended:
			return
		}
	}
}

// sentByTerminal tells whether a signal came from the keyboard, which sends it to
// all processes in the foreground: the command, which is in the process group of
// this process, has it already.
func sentByTerminal(s os.Signal) bool {
	return (s == unix.SIGINT || s == unix.SIGQUIT) && inForeground()
}

// inForeground tells whether the process group of this process is the one that
// its terminal sends signals to. tcgetpgrp(3).
func inForeground() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return false // there is none
	}
	defer func() { _ = terminal.Close() }()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// catch collects those of the signals that are not ignored, as nohup(1) has it
// with SIGHUP. The caller stops the channel.
func catch(wanted ...os.Signal) chan os.Signal {
	const plenty = 16
	signals := make(chan os.Signal, plenty)
	for _, s := range wanted {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// statusOf returns the exit status for a wait that a signal has ended, and stops
// the channel. A signal from before it was caught counts as an interrupt.
func statusOf(signals chan os.Signal) int {
	signal.Stop(signals) // waits for the delivery of a signal that others have seen
	select {
	case s := <-signals:
		return statusSignal + int(s.(syscall.Signal))
	default:
		return statusSignal + int(unix.SIGINT)
	}
}

// statusAfter turns how a command ended into an exit status.
func statusAfter(cmd *exec.Cmd, err error) (int, error) {
	state := cmd.ProcessState
	if state == nil {
		return statusNotRunnable, fmt.Errorf("run %q: %w", cmd.Args[0], err)
	}
	if wait := state.Sys().(syscall.WaitStatus); wait.Signaled() {
		return statusSignal + int(wait.Signal()), nil
	}
	return state.ExitCode(), nil
}
