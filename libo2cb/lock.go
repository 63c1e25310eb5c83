// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockFile makes processes that change the cluster wait for one another. It is
// never removed: a lock on a removed file excludes nobody. A process that dies
// leaves no lock behind.
const lockFile = "run/o2cb/lock"

// LockWait is how long a change waits for that of another process before it
// fails with [ErrLocked], unless [Options].Wait says otherwise.
const LockWait = time.Minute

// lockPoll is the time between two attempts: flock(2) can wait only without a
// context.
const lockPoll = 20 * time.Millisecond

// ErrLocked says that another process is changing the cluster and did not finish.
var ErrLocked = errors.New("another process is changing the cluster")

// lock waits until no other process changes the cluster or starts a heartbeat,
// and returns what ends the exclusion, and the context of what is excluded.
func (m *Manager) lock(ctx context.Context) (excluding context.Context, unlock func(), err error) {
	return m.flock(ctx, unix.LOCK_EX)
}

// lockShared is lock, but several may hold it at once.
func (m *Manager) lockShared(ctx context.Context) (excluding context.Context, unlock func(), err error) {
	return m.flock(ctx, unix.LOCK_SH)
}

// lockKey is the key of the lock file in a context.
type lockKey struct{}

// LockOf returns the lock that a Manager holds while it calls a [Starter] with ctx;
// nil in any other context. A process that goes on when this one is killed inherits
// the descriptor: until it ends as well nobody else changes the cluster.
func LockOf(ctx context.Context) *os.File {
	f, _ := ctx.Value(lockKey{}).(*os.File)
	return f
}

// flock takes the lock file, how as for flock(2).
func (m *Manager) flock(ctx context.Context, how int) (excluding context.Context, unlock func(), err error) {
	limited, cancel := context.WithTimeoutCause(ctx, m.wait, ErrLocked)
	defer cancel()
	f, err := openLock(m.path(lockFile))
	if err != nil {
		return nil, nil, rootOnly(err)
	}
	if err := waitFlock(limited, f, how); err != nil {
		f.Close()
		return nil, nil, err
	}
	// Who holds it, of several the last to come, is for the message of those who
	// wait, so that a failure to write it changes nothing.
	if err := f.Truncate(0); err == nil {
		fmt.Fprintln(f, os.Getpid())
	}
	return context.WithValue(ctx, lockKey{}, f), func() { f.Close() }, nil
}

// openLock opens the lock file. Its directory can be read by everybody, for status
// needs no privilege, whatever the caller's umask(2); the file itself by root
// alone, for whoever may open it may lock it, and hold up an umount with that.
func openLock(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	_, missing := os.Lstat(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if missing != nil {
		if err := os.Chmod(dir, 0o755); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	// A file of somebody else, whose business its mode is, can be locked as well.
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, unix.EPERM) {
		f.Close()
		return nil, err
	}
	return f, nil
}

// underWay tells whether a process is changing the cluster right now.
func (m *Manager) underWay() (bool, error) {
	f, err := os.Open(m.path(lockFile))
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if errors.Is(err, unix.EACCES) {
		return m.isLocked(m.path(lockFile))
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return false, nil
}

// isLocked tells, for who may not open a file, whether it is locked exclusively.
// A line of the kernel's list is "1: FLOCK ADVISORY WRITE pid major:minor:inode
// 0 EOF". proc_locks(5).
func (m *Manager) isLocked(path string) (bool, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return false, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	list, err := os.ReadFile(m.path("proc/locks"))
	if err != nil {
		return false, err
	}
	inode := fmt.Sprintf(":%d", st.Ino)
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if len(fields) > 5 && fields[1] == "FLOCK" && fields[3] == "WRITE" && strings.HasSuffix(fields[5], inode) {
			return true, nil
		}
	}
	return false, nil
}

func waitFlock(ctx context.Context, f *os.File, how int) error {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return &os.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("lock %s, held by process %s: %w", f.Name(), holderOf(f), context.Cause(ctx))
		}
	}
}

func holderOf(f *os.File) string {
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	if pid := strings.TrimSpace(string(buf[:n])); pid != "" {
		return pid
	}
	return "unknown"
}

// rootOnly adds what to do to a refusal of permission.
func rootOnly(err error) error {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EROFS) {
		return fmt.Errorf("only root may change the cluster: %w; run the command as root", err)
	}
	return err
}
