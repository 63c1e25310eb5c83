// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

const (
	domain   = "bench"
	resource = "uncontended"

	// One lock is too short to time. Batches are short all the same, so that those
	// of a round see the same machine: its other work comes and goes.
	lockRounds = 300
	lockBatch  = 20
)

// openFlockClose is the name of what a C program would do for what our lock
// promises: to exclude the other processes of the node as well.
const openFlockClose = "open+flock+close"

// compareLocks compares an exclusive lock and its release that nobody else
// wants, on one file of dlmfs.
//
// C is what o2dlm_lock and o2dlm_unlock of ocfs2-tools ask of the kernel on
// dlmfs (libo2dlm/o2dlm.c): open with O_CREAT, and close. The calls are made raw,
// without telling Go's scheduler: what C pays, without the library's own work.
func compareLocks([]string) (_ times, err error) {
	d, err := libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{ExclusiveOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed := d.Close(); err == nil {
			err = failed
		}
	}()
	ctx := context.Background()
	path, err := unix.BytePtrFromString(libo2dlm.DefaultMount + "/" + domain + "/" + resource)
	if err != nil {
		return nil, err
	}
	return compare(lockRounds,
		batch(ours, func() error { return lockRelease(ctx, d) }),
		batch(inC, func() error { return openClose(path, nothing) }),
		batch(openFlockClose, func() error { return openClose(path, flock) }))
}

// batch is a way that does one thing lockBatch times.
func batch(name string, once func() error) way {
	return way{name: name, do: func() error {
		for range lockBatch {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}}
}

func lockRelease(ctx context.Context, d *libo2dlm.Domain) error {
	h, err := d.Lock(ctx, resource, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	return h.Release()
}

// openClose opens the file as the C library does, does something with the
// descriptor, and closes it.
func openClose(path *byte, between func(fd uintptr) unix.Errno) error {
	at := unix.AT_FDCWD
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at),
		uintptr(unsafe.Pointer(path)), unix.O_RDWR|unix.O_CREAT, 0o664, 0, 0)
	if errno != 0 {
		return fmt.Errorf("open: %w", errno)
	}
	if errno := between(fd); errno != 0 {
		return fmt.Errorf("flock: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0); errno != 0 {
		return fmt.Errorf("close: %w", errno)
	}
	return nil
}

func nothing(uintptr) unix.Errno { return 0 }

func flock(fd uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_FLOCK, fd, unix.LOCK_EX, 0)
	return errno
}
