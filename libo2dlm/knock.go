// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A request knocks when it finds the lock with another process of this node,
// which may only cache it: the kernel tells a holder that another node wants its
// lock, not that another process does. The holder hears it by inotify(7).
//
// The first knock is the open of the request itself (IN_OPEN). It may have come
// before the holder listened, so the waiting process goes on knocking, and does
// so by touching the file (IN_ATTRIB): an open can wait in the kernel, behind
// another node, and would be a request of its own.
const (
	firstKnock = 5 * time.Millisecond
	lastKnock  = 500 * time.Millisecond
)

// knock touches the lock called name in the directory. What it cannot do the next
// knock may. It goes by the name and not by a descriptor, which could be one of
// another thread's: see apart.
func knock(dir int, name *lockName) {
	// No times mean now (utimensat(2)).
	_, _, _ = unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(dir), uintptr(unsafe.Pointer(name)), 0, unix.AT_SYMLINK_NOFOLLOW, 0, 0)
}

// startKnocking knocks from time to time until the function that it returns is
// called. After that the directory is not used any more.
func startKnocking(dir int, name *lockName) (stop func()) {
	k := &knocker{dir: dir, name: name, pause: firstKnock}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(k.pause, k.knock)
	return k.stop
}

type knocker struct {
	mu      sync.Mutex
	dir     int
	name    *lockName
	pause   time.Duration
	stopped bool
	timer   *time.Timer
}

func (k *knocker) knock() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	knock(k.dir, k.name)
	k.pause = min(2*k.pause, lastKnock)
	k.timer.Reset(k.pause)
}

func (k *knocker) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	k.timer.Stop()
}
