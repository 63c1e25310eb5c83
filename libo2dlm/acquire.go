// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// queueing says what a request does when the lock is not free.
type queueing uint8

const (
	wait queueing = iota
	dontWait
)

// errUnwanted is what acquire returns when all waiters have left; nobody sees it.
var errUnwanted = errors.New("nobody waits any more")

// acquire requests the lock: from the other nodes by open(2), from the other
// processes of this node by flock(2) on the same descriptor. Both wait in the
// kernel, the first one uninterruptibly.
func (r *resource) acquire(dir *directory, q queueing) (int, error) {
	for {
		fd, err := r.open(dir, q)
		if err != nil {
			return -1, err
		}
		err = r.exclude(fd, q)
		if err == nil && r.domain.singleNode {
			err = checkLinked(fd)
		}
		if err == nil {
			return fd, nil
		}
		closeLock(fd)
		if err != errUnlinked {
			return -1, err
		}
	}
}

const (
	// A lock that is just being unlinked by another process of this node answers
	// EAGAIN until it is gone, which takes a message or two on the network.
	firstPause = time.Millisecond
	lastPause  = 64 * time.Millisecond
)

// open opens the lock, which on dlmfs waits for the other nodes.
func (r *resource) open(dir *directory, q queueing) (int, error) {
	flags := 0
	if q == dontWait {
		flags = unix.O_NONBLOCK
	}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		fd, err := openLock(dir.fd, &r.file, flags)
		switch {
		case err == nil || err == unix.ENOENT:
			return fd, err
		case err == unix.EAGAIN && q == wait && !r.wanted():
			return -1, errUnwanted
		case err == unix.EAGAIN && q == wait:
			time.Sleep(pause)
		case err == unix.ETXTBSY && q == dontWait:
			return -1, fmt.Errorf("%w: another node holds or caches it (%w)", ErrBusy, err)
		case err == unix.EAGAIN && q == dontWait:
			return -1, fmt.Errorf("%w: another process of this node is opening or removing it (%w)", ErrBusy, err)
		case err == unix.EMFILE || err == unix.ENFILE:
			return -1, fmt.Errorf("open: %w; each lock that is held or requested is an open file, see ulimit -n", err)
		default:
			return -1, fmt.Errorf("open: %w", err)
		}
	}
}

// exclude takes the flock that keeps the other processes of this node out.
func (r *resource) exclude(fd int, q queueing) error {
	if q == dontWait {
		err := retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
		if err == unix.EWOULDBLOCK {
			return fmt.Errorf("%w: another process of this node holds it (%w)", ErrBusy, err)
		}
		return err
	}
	if !r.wanted() {
		return errUnwanted
	}
	return retry(func() error { return unix.Flock(fd, unix.LOCK_EX) })
}

// errUnlinked is what checkLinked returns of a file that has lost its name.
var errUnlinked = errors.New("the lock file was removed")

// checkLinked returns errUnlinked if the file was removed while we waited for
// it: whoever comes now makes a new one and would not see our lock. On dlmfs
// this cannot be, unlink answers EBUSY while the file is open.
func checkLinked(fd int) error {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return fmt.Errorf("fstat: %w", err)
	}
	if st.Nlink == 0 {
		return errUnlinked
	}
	return nil
}
