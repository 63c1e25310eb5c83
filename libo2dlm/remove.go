// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Remove makes this node forget a lock that nobody on it holds or waits for:
// other nodes see it as free at once, and its file is gone. What a Mutex of this
// process only caches is let go first. With the last node that knows the lock its
// value is gone. A lock that is not there is no error.
//
// ErrInUse says that somebody on this node holds the lock or waits for it, or that
// the kernel has not answered within a second, because a node has just died; it
// then goes on in the background. Other nodes that hold the lock keep it.
func (d *Domain) Remove(resource string) error {
	if err := d.remove(resource); err != nil {
		return d.failed(opRemove, resource, err)
	}
	return nil
}

func (d *Domain) remove(resource string) error {
	if err := checkResource(resource); err != nil {
		return err
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	r := d.resources[resource]
	var cache *Mutex
	if r != nil {
		cache = r.cache
	}
	d.mu.Unlock()
	if r != nil && (cache == nil || !cache.letGoIdle()) {
		return fmt.Errorf("%w: this process holds the lock or waits for it", ErrInUse)
	}
	return d.unlinkWithin(tryLimit, resource)
}

// drop removes the lock of a hold that has just been closed. What keeps it is
// somebody's use of it, which is no error.
func (r *resource) drop() { _ = r.domain.unlinkWithin(tryLimit, r.name) }

// unlinkWithin removes the lock and its gate, on a goroutine because the kernel
// may wait for other nodes, and returns when it is done or the time is over.
func (d *Domain) unlinkWithin(limit time.Duration, resource string) error {
	d.mu.Lock()
	if d.closed && d.dir.refs == 0 {
		d.mu.Unlock()
		return ErrClosed
	}
	dir := d.dir
	dir.refs++
	d.mu.Unlock()

	done := make(chan error, 1)
	go func() {
		err := d.unlink(dir, resource)
		if err == nil {
			err = d.unlinkGate(dir, resource)
		}
		d.mu.Lock()
		dir.unref()
		d.mu.Unlock()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("%w: the kernel has not answered for %v; a node may have died", ErrInUse, limit)
	}
}

// unlinkGate removes the gate of a lock. The request that got a hold may just be
// leaving it; longer it is in use by somebody who asks for the lock anew, to whom
// it is left.
func (d *Domain) unlinkGate(dir *directory, resource string) error {
	for pause := firstPause; ; pause *= 2 {
		err := d.unlink(dir, Gate(resource))
		if !errors.Is(err, ErrInUse) {
			return err
		}
		if pause > 2*lastPause {
			return nil
		}
		time.Sleep(pause)
	}
}

func (d *Domain) unlink(dir *directory, name string) error {
	if d.singleNode {
		return unlinkPlain(dir, name)
	}
	err := retry(func() error { return unix.Unlinkat(dir.fd, name, 0) })
	return unlinked(err)
}

func unlinked(err error) error {
	switch err {
	case nil, unix.ENOENT:
		return nil
	case unix.EBUSY:
		return fmt.Errorf("unlink: %w: a process of this node has it (%w)", ErrInUse, err)
	}
	return fmt.Errorf("unlink: %w", err)
}

// unlinkPlain removes a plain file if nobody holds its lock. Whoever waits for the
// lock finds the file gone when he has it, see checkLinked.
func unlinkPlain(dir *directory, name string) error {
	var file lockName
	file.set(name)
	fd, err := openName(dir.fd, &file, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW)
	if err != nil {
		return unlinked(err)
	}
	defer closeLock(fd)
	switch err := flock(fd, Exclusive, unix.LOCK_NB); err {
	case nil:
	case unix.EWOULDBLOCK:
		return fmt.Errorf("%w: another process has it (%w)", ErrInUse, err)
	default:
		return fmt.Errorf("flock: %w", err)
	}
	if err := checkLinked(fd); err != nil {
		return nil // somebody else has removed it
	}
	return unlinked(retry(func() error { return unix.Unlinkat(dir.fd, name, 0) }))
}
