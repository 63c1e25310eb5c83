// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// LockWait is how long Lock waits for another editor when its context has no deadline.
const LockWait = 30 * time.Second

// ErrLocked is that another program is editing the file and did not finish in time.
var ErrLocked = errors.New("another program is editing the file")

// lockPath is the file whose lock keeps editors of target apart. It is beside it
// and not the target itself, which every save replaces, and it stays: removing a
// lock file that somebody waits for would let two in.
func lockPath(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".lock")
}

// lock waits for the lock of target until ctx ends. Closing the file releases
// it; so does the end of the process, however it ends.
//
// It is an open file description lock (F_OFD_SETLK in fcntl(2), Linux 3.15):
// unlike a POSIX lock it also excludes other goroutines of this process.
func lock(ctx context.Context, target string) (*os.File, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, LockWait)
		defer cancel()
	}
	path := lockPath(target)
	for {
		// O_NOFOLLOW and O_NONBLOCK: whatever else has that name is not opened through.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, &Error{Op: "lock", Path: path, Err: err}
		}
		if err := wait(ctx, f); err != nil {
			_ = f.Close()
			failed := &Error{Op: "lock", Path: path, Err: err}
			if errors.Is(err, ErrLocked) {
				failed.Mend = "fuser " + path + " shows which"
			}
			return nil, failed
		}
		there, err := stillThere(f, path)
		if err == nil && there {
			err = openable(f)
		}
		if err == nil && there {
			return f, nil
		}
		_ = f.Close()
		if err != nil {
			return nil, &Error{Op: "lock", Path: path, Err: err}
		}
		// Somebody removed the lock file: that lock excludes nobody.
	}
}

// wait takes the lock as soon as it is free. It asks again and again: a wait in
// the kernel could not be ended by ctx.
func wait(ctx context.Context, f *os.File) error {
	const shortest, longest = time.Millisecond, 50 * time.Millisecond
	pause := time.NewTimer(0)
	defer pause.Stop()
	for delay := shortest; ; delay = min(2*delay, longest) {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINTR) {
			return err
		}
		pause.Reset(delay)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", ErrLocked, ctx.Err())
		case <-pause.C:
		}
	}
}

// openable lets the owner of the lock file open it again, whatever the umask was
// when it was made.
func openable(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o600 == 0o600 {
		return err
	}
	return f.Chmod(0o600)
}

// stillThere tells whether path is still the file that f is.
func stillThere(f *os.File, path string) (bool, error) {
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(held, named), err
}
