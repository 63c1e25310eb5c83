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
	// wait waits in the kernel until the lock is granted.
	wait queueing = iota
	// dontWait takes the kernel's first answer.
	dontWait
	// grace waits as long as somebody wants it: in the kernel for other nodes, by
	// asking again for the processes of this one.
	grace
)

// errUnwanted is what acquire returns when all waiters have left; nobody sees it.
var errUnwanted = errors.New("nobody waits any more")

// acquire requests the lock at the level: from the other nodes by open(2), from
// the other processes of this node by flock(2) on the same descriptor. Both wait
// in the kernel, the first one uninterruptibly.
func (r *resource) acquire(dir *directory, level Level, q queueing) (int, error) {
	for {
		fd, err := r.open(dir, &r.file, level, q)
		if err != nil {
			return noFile, err
		}
		err = r.exclude(dir, &r.file, fd, level, q)
		if err == nil && r.domain.singleNode {
			err = checkLinked(fd)
		}
		if err == nil {
			return fd, nil
		}
		closeLock(fd)
		if err != errUnlinked {
			return noFile, err
		}
	}
}

const (
	// A lock that is just being unlinked by another process of this node answers
	// EAGAIN until it is gone, which takes a message or two on the network.
	firstPause = time.Millisecond
	lastPause  = 8 * time.Millisecond
)

// open opens a lock, which on dlmfs waits for the other nodes.
func (r *resource) open(dir *directory, name *lockName, level Level, q queueing) (int, error) {
	flags, err := r.domain.openFlags(q)
	if err != nil {
		return noFile, err
	}
	if q == grace && !r.wanted() {
		return noFile, errUnwanted
	}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		fd, err := openLock(dir.fd, name, level, flags)
		switch {
		case err == nil || err == unix.ENOENT:
			return fd, err
		case err == unix.EAGAIN && q != dontWait && !r.wanted():
			return noFile, errUnwanted
		case err == unix.EAGAIN && q != dontWait:
			time.Sleep(pause)
		case err == unix.ETXTBSY && q == dontWait:
			return noFile, fmt.Errorf("%w: another node holds or caches it (%w)", ErrBusy, err)
		case err == unix.EAGAIN && q == dontWait:
			return noFile, fmt.Errorf("%w: another process of this node is opening or removing it (%w)", ErrBusy, err)
		case err == unix.EMFILE || err == unix.ENFILE:
			return noFile, fmt.Errorf("open: %w; each lock that is held or requested is an open file or two, see ulimit -n", err)
		default:
			return noFile, fmt.Errorf("open: %w", err)
		}
	}
}

// exclude takes the flock that keeps the other processes of this node out, on the
// open lock called name.
func (r *resource) exclude(dir *directory, name *lockName, fd int, level Level, q queueing) error {
	if q == wait && !r.wanted() {
		return errUnwanted
	}
	err := flock(fd, level, unix.LOCK_NB)
	r.quick = err == nil
	if err != unix.EWOULDBLOCK {
		return err
	}
	switch q {
	case wait:
		stop := startKnocking(dir.fd, name)
		defer stop()
		return flock(fd, level, 0)
	case grace:
		return r.excludeWhileWanted(dir, name, fd, level)
	}
	return fmt.Errorf("%w: another process of this node holds it (%w)", ErrBusy, err)
}

// excludeWhileWanted asks for the flock again and again until nobody wants it.
func (r *resource) excludeWhileWanted(dir *directory, name *lockName, fd int, level Level) error {
	for pause := firstPause; r.wanted(); pause = min(2*pause, lastPause) {
		knock(dir.fd, name)
		time.Sleep(pause)
		if err := flock(fd, level, unix.LOCK_NB); err != unix.EWOULDBLOCK {
			return err
		}
	}
	return errUnwanted
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
