// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// grant is what this process has of a resource: the descriptors that hold it,
// and what was found in its value block.
//
// A lock that passed the gate is held by one descriptor for each level. Shared it
// is the shared one; exclusive both, once the shared one has followed (see
// resource.follow). So going down is to close a descriptor, which never waits.
type grant struct {
	mu        sync.Mutex
	shared    int  // descriptor opened for reading, noFile when there is none
	exclusive int  // descriptor opened for writing, noFile when there is none
	flocked   int  // the one of them that has the flock
	lowered   bool // the holders have gone down before shared had followed

	frame   frame // of the value block, once read
	framed  bool
	tokened bool // the frame has this grant's own token
}

// take makes fd the grant.
func (g *grant) take(fd int, level Level) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shared, g.exclusive, g.flocked = noFile, noFile, fd
	if level == Shared {
		g.shared = fd
	} else {
		g.exclusive = fd
	}
	g.lowered, g.framed, g.tokened = false, false, false
}

// none makes it the grant of nothing.
func (g *grant) none() { g.shared, g.exclusive, g.flocked = noFile, noFile, noFile }

// descriptor returns a descriptor of the lock, noFile when it is not held.
func (g *grant) descriptor() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.any()
}

// any returns the descriptor of the highest level. The caller holds mu.
func (g *grant) any() int {
	if g.exclusive != noFile {
		return g.exclusive
	}
	return g.shared
}

// close gives the lock back to the kernel.
func (g *grant) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for _, fd := range []int{g.exclusive, g.shared} {
		if fd == noFile {
			continue
		}
		if err := closeLock(fd); err != nil {
			errs = append(errs, err)
		}
	}
	g.none()
	return errors.Join(errs...)
}

// lower makes the exclusive grant a shared one for the processes of this node at
// once, and for the other nodes as soon as the shared descriptor is there.
func (g *grant) lower() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	// From exclusive to shared without a moment of nothing: flock_lock_inode in
	// fs/locks.c does both under one spinlock.
	if err := flock(g.flocked, Shared, unix.LOCK_NB); err != nil {
		return fmt.Errorf("flock: %w", err)
	}
	if g.shared == noFile {
		g.lowered = true
		return nil
	}
	return g.drop()
}

// follow gives the grant the shared descriptor. It reports false when it is not
// wanted there; the caller closes it then.
func (g *grant) follow(fd int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.exclusive == noFile || g.shared != noFile {
		return false
	}
	g.shared = fd
	if g.lowered {
		g.lowered = false
		return g.drop() == nil
	}
	return true
}

// drop closes the exclusive descriptor of a grant that has both. The caller
// holds mu.
func (g *grant) drop() error {
	if g.flocked == g.exclusive {
		if err := flock(g.shared, Shared, unix.LOCK_NB); err != nil {
			return fmt.Errorf("flock: %w", err)
		}
		g.flocked = g.shared
	}
	err := closeLock(g.exclusive)
	g.exclusive = noFile
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// raise adds an exclusive descriptor to a shared grant. It fails with ErrBusy
// when another process of this node holds the lock shared too.
//
// A flock that cannot go up is lost in the attempt (flock(2)). It is taken again
// at once; nobody can come between, because the caller has passed the gate and
// whoever wants the flock comes through it.
func (g *grant) raise(fd int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shared == noFile || g.exclusive != noFile {
		return ErrReleased
	}
	if err := flock(g.flocked, Exclusive, unix.LOCK_NB); err != nil {
		if again := flock(g.flocked, Shared, unix.LOCK_NB); again != nil {
			return fmt.Errorf("flock: %w; the lock is not held any more", again)
		}
		return fmt.Errorf("%w: another process of this node holds it shared (%w)", ErrBusy, err)
	}
	g.exclusive = fd
	g.framed, g.tokened = false, false
	return nil
}
