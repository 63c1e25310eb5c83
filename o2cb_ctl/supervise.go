// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Exit statuses of a command that could not be run or was ended by a signal, as
// shells give them. POSIX, Shell Command Language, 2.8.2.
const (
	statusNotFound    = 127
	statusNotRunnable = 126
	statusSignal      = 128
)

// patience is how long a command may take to end after it was asked to.
const patience = 10 * time.Second

// supervise runs a command to its end and returns its exit status. When ctx ends
// the command gets SIGTERM, and SIGKILL after a time of patience. When this
// process dies, the command is killed: it must not run on without its lock.
func supervise(ctx context.Context, std streams, argv []string) (status int, err error) {
	// The kernel sends Pdeathsig when the parent *thread* ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
			return statusNotFound, fmt.Errorf("run %q: %w", argv[0], err)
		}
		return statusNotRunnable, fmt.Errorf("run %q: %w", argv[0], err)
	}
	err = cmd.Wait()
	state := cmd.ProcessState
	if state == nil {
		return statusNotRunnable, fmt.Errorf("run %q: %w", argv[0], err)
	}
	if wait := state.Sys().(syscall.WaitStatus); wait.Signaled() {
		return statusSignal + int(wait.Signal()), nil
	}
	return state.ExitCode(), nil
}
