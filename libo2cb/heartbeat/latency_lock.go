// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"fmt"
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

// MonitorPID returns the process that watches this machine's heartbeat, ours or the C
// program, as far as the semaphore tells; 0 when none does. It makes no semaphore.
func MonitorPID() (int, error) { return monitorPID(monitorKey) }

func monitorPID(key int32) (int, error) {
	id, err := semGet(key, 0, 0)
	if errors.Is(err, unix.ENOENT) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("heartbeat: look for a monitor: semget %#x: %w", key, err)
	}
	value, err := semGetValue(id, 0)
	if err != nil || value == 0 {
		if gone(err) {
			err = nil // it has just ended
		}
		return 0, err
	}
	pid, err := semGetPID(id, 0)
	if err != nil {
		return 0, fmt.Errorf("heartbeat: look for a monitor: semctl %#x: %w", key, err)
	}
	return pid, nil
}
