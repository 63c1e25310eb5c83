// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"hash/crc32"
	"time"

	"golang.org/x/sys/unix"
)

// Lifetime says what becomes of a reference when the process ends that took it.
type Lifetime int

const (
	// Persistent references stay until somebody drops them. All C programs take this kind.
	Persistent Lifetime = iota
	// ProcessBound references are dropped by the kernel when the process ends,
	// however it ends. The region itself goes on; the next Stop ends it.
	ProcessBound
)

// undo is the flag that makes the kernel take a change back.
func (l Lifetime) undo() int16 {
	if l == ProcessBound {
		return semUndo
	}
	return 0
}

// Layout of a region's semaphore set: o2cb_mutex_down, __o2cb_get_ref and
// o2cb_get_semid in libo2cb/o2cb_abi.c of ocfs2-tools 1.8. C creates the set
// with mode 0, which only CAP_IPC_OWNER can use; here root owns it properly.
const (
	semMutex = 0 // 1 while somebody starts or stops the region
	semCount = 1 // references
	semTotal = 2
	semMode  = 0o600
)

// patience is how long one wait in the kernel for the mutex takes before the
// context is looked at.
const patience = 100 * time.Millisecond

// set is the semaphore set of one region, with its mutex held.
type set struct{ id int }

// setKey is the key under which all programs find the set of a region.
func setKey(region string) int32 { return int32(crc32.ChecksumIEEE([]byte(region))) }

// lockSet finds or makes the set of a region and takes its mutex. If this
// process dies, the kernel lets go of the mutex.
func lockSet(ctx context.Context, region string) (*set, error) {
	key := setKey(region)
	if key == 0 {
		// IPC_PRIVATE: each semget would make another set.
		return nil, unix.EINVAL
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id, err := semGet(key, semTotal, ipcCreate|semMode)
		if err != nil {
			return nil, err
		}
		err = semOp(id, patience,
			semBuf{number: semMutex, change: 0, flags: semUndo},
			semBuf{number: semMutex, change: 1, flags: semUndo})
		switch {
		case err == nil:
			return &set{id}, nil
		case errors.Is(err, unix.EAGAIN): // held by somebody
		case gone(err):
		default:
			return nil, err
		}
	}
}

// gone reports whether a set was removed: EIDRM while waiting for it, EINVAL
// when its identifier was used after that.
func gone(err error) bool { return errors.Is(err, unix.EIDRM) || errors.Is(err, unix.EINVAL) }

// unlock lets go of the mutex, if it has not gone with the set.
func (s *set) unlock() error {
	err := semOp(s.id, patience, semBuf{number: semMutex, change: -1, flags: semUndo})
	if gone(err) {
		return nil
	}
	return err
}

// count returns the number of references.
func (s *set) count() (int, error) { return semGetValue(s.id, semCount) }

// take adds a reference.
func (s *set) take(l Lifetime) error {
	return semOp(s.id, patience, semBuf{number: semCount, change: 1, flags: l.undo()})
}

// drop takes a reference away. l must be that of the reference.
func (s *set) drop(l Lifetime) error {
	return semOp(s.id, patience, semBuf{number: semCount, change: -1, flags: l.undo()})
}

// remove destroys the set, mutex and references included. Whoever waits for the
// mutex looks for the set again.
func (s *set) remove() error {
	if err := semRemove(s.id); err != nil && !gone(err) {
		return err
	}
	return nil
}

// countReferences returns the number of references of a region; ok is false
// when it has no set. It never makes one.
func countReferences(region string) (n int, ok bool, err error) {
	key := setKey(region)
	if key == 0 {
		return 0, false, nil
	}
	id, err := semGet(key, 0, 0)
	if err == nil {
		n, err = semGetValue(id, semCount)
	}
	if errors.Is(err, unix.ENOENT) || gone(err) {
		return 0, false, nil
	}
	return n, err == nil, err
}
