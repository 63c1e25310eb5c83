// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// The semaphore that says that a monitor runs: islocked and getlock in
// o2monitor/o2hbmonitor.c of ocfs2-tools 1.8. It is 0 or, while one runs, 1.
const monitorKey = 0x6f326862 // O2HB_SEM_MAGIC_KEY, "o2hb"

// ErrMonitorRuns says that another monitor watches this machine's heartbeat, ours
// or the C program.
var ErrMonitorRuns = errors.New("another monitor is running already")

// LockMonitor makes this process the only monitor of this machine, the C program
// o2hbmonitor included. unlock lets go and leaves no semaphore behind; it may be
// called more than once. The kernel lets go by itself when the process dies.
//
// It never waits. The error is ErrMonitorRuns, or wraps the errno: EACCES when
// the semaphore is there and belongs to root.
func LockMonitor() (unlock func() error, err error) {
	return lockMonitor(monitorKey)
}

func lockMonitor(key int32) (unlock func() error, err error) {
	for {
		id, err := semGet(key, 1, ipcCreate|semMode)
		if err != nil {
			return nil, fmt.Errorf("heartbeat: lock out other monitors: semget %#x: %w", key, err)
		}
		err = semOp(id, 0,
			semBuf{number: 0, change: 0, flags: semUndo | unix.IPC_NOWAIT},
			semBuf{number: 0, change: 1, flags: semUndo | unix.IPC_NOWAIT})
		switch {
		case err == nil:
			return sync.OnceValue(func() error { return (&set{id}).remove() }), nil
		case errors.Is(err, unix.EAGAIN):
			return nil, fmt.Errorf("heartbeat: %w", ErrMonitorRuns)
		case gone(err): // the other one has just ended
		default:
			return nil, fmt.Errorf("heartbeat: lock out other monitors: semop %#x: %w", key, err)
		}
	}
}

// StopMonitor asks the monitor of this machine, ours or the C program, to end, and
// does not wait for it. Without one it does nothing. It never signals a process that
// is not called o2hbmonitor. The error wraps the errno.
func StopMonitor() error {
	return stopMonitor(monitorKey, monitorName)
}

// monitorName is what the kernel calls a monitor. proc(5), /proc/pid/comm.
const monitorName = "o2hbmonitor"

func stopMonitor(key int32, name string) error {
	id, err := semGet(key, 0, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("heartbeat: find the monitor: semget %#x: %w", key, err)
	}
	value, err := semGetValue(id, 0)
	if err != nil || value == 0 {
		return gonePasses(err)
	}
	pid, err := semLastUser(id, 0)
	if err != nil {
		return gonePasses(err)
	}
	process, err := unix.PidfdOpen(pid, 0) // from here on the number is no other process's
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("heartbeat: stop the monitor: pidfd_open %d: %w", pid, err)
	}
	defer unix.Close(process)
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil || strings.TrimSpace(string(comm)) != name {
		return nil
	}
	if err := unix.PidfdSendSignal(process, unix.SIGTERM, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("heartbeat: stop the monitor: signal process %d: %w", pid, err)
	}
	return nil
}

// gonePasses returns an error unless it only says that the monitor has just ended.
func gonePasses(err error) error {
	if err == nil || gone(err) {
		return nil
	}
	return fmt.Errorf("heartbeat: find the monitor: semctl: %w", err)
}
