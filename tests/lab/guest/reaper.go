// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper waits for every child of process 1: the commands of the lab, whose
// status it hands to their owner, and the orphans of the whole guest, which it
// drops. Nothing else in process 1 may wait for a child.
type reaper struct {
	mu    sync.Mutex
	owner map[int]chan<- syscall.WaitStatus
}

// newReaper starts reaping.
func newReaper() *reaper {
	r := &reaper{owner: make(map[int]chan<- syscall.WaitStatus)}
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	go func() {
		for range died {
			r.reap()
		}
	}()
	return r
}

// fork starts a program. Its wait status comes through the channel, once.
// The lock spans fork and registration, so that no status arrives before its owner is known.
func (r *reaper) fork(path string, args []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return 0, nil, err
	}
	status := make(chan syscall.WaitStatus, 1)
	r.owner[pid] = status
	return pid, status, nil
}

// reap collects all children that are dead now: signals coalesce.
func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if owner, ok := r.owner[pid]; ok {
			delete(r.owner, pid)
			owner <- status
		}
	}
}

// kill signals the process group of a command. Once the command itself was
// reaped its number may be another's, so it does nothing then; what the command
// left running in the background is no longer the lab's to signal.
func (r *reaper) kill(pid int, sig syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.owner[pid]; ok {
		// ESRCH only: the group died and waits to be reaped.
		_ = syscall.Kill(-pid, sig)
	}
}
