// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dlmfsMagic is the f_type that statfs(2) returns for a dlmfs.
// DLMFS_MAGIC in fs/ocfs2/dlmfs/dlmfsver.h and include/uapi/linux/magic.h.
const dlmfsMagic = 0x76a9f425

// lockMode is the mode of a new lock. Nobody but the owner may open it: whoever
// can open it for reading can take it shared, keep everybody else out, and mix
// the levels that must not be mixed.
const lockMode = 0o600

// noFile is the descriptor of nothing.
const noFile = -1

// lockName is the name of a resource as open(2) wants it, ending in NUL, kept
// so that a lock request need not build it.
type lockName [maxResource + 1]byte

func (n *lockName) set(name string) { clear(n[copy(n[:], name):]) }

// openLock opens the lock called name in the directory dir, creating it if
// there is none. On dlmfs the descriptor is this node's hold of the lock at the
// level and the call ends when it is granted, whatever signals arrive.
//
// The first open goes without O_CREAT: that takes the directory's lock in the
// kernel, and there is no need to stand in that line for a lock that exists.
//
// The call is spelled out because unix.Openat would copy the name each time.
func openLock(dir int, name *lockName, level Level, flags int) (int, error) {
	flags |= level.access() | unix.O_CLOEXEC | unix.O_NOFOLLOW
	fd, err := openName(dir, name, flags)
	if err == unix.ENOENT {
		fd, err = openName(dir, name, flags|unix.O_CREAT)
	}
	return fd, err
}

func openName(dir int, name *lockName, flags int) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT,
			uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(flags), lockMode, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return noFile, errno
		}
	}
}

// closeLock closes a lock's descriptor, which releases it. It never waits.
//
// A child that another goroutine is just forking has a copy of the descriptor,
// which keeps the lock until the child executes its program (only then does
// O_CLOEXEC close it). The flock at least, for which other processes of this
// node wait, ends with LOCK_UN whatever copies there are; when nothing is being
// forked the close does that, and costs one system call less. What is left is
// the moment between the end of the fork and the end of the child's exec, in
// which TryLock may find the lock busy.
func closeLock(fd int) error {
	if !syscall.ForkLock.TryRLock() {
		unix.Flock(fd, unix.LOCK_UN) // fails with EBADF only, and so does the close
		return closeRaw(fd)
	}
	defer syscall.ForkLock.RUnlock()
	return closeRaw(fd)
}

// closeRaw closes a descriptor without telling Go's scheduler, which pays where
// system calls are slow: what does not wait need not give its processor away.
func closeRaw(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// flock takes the lock that keeps the other processes of this node out, or
// changes its level; with unix.LOCK_NB it fails with EWOULDBLOCK instead of waiting.
func flock(fd int, level Level, flags int) error {
	how := unix.LOCK_EX
	if level == Shared {
		how = unix.LOCK_SH
	}
	if flags&unix.LOCK_NB == 0 {
		return retry(func() error { return unix.Flock(fd, how) })
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_FLOCK, uintptr(fd), uintptr(how|unix.LOCK_NB), 0); errno != 0 {
		return errno
	}
	return nil
}

// wanted reports whether another node's request waits for the lock in fd to be
// given up. It never waits. Of a plain file it says no.
//
// dlmfs_file_poll in fs/ocfs2/dlmfs/dlmfs.c; a file system without poll, as
// dlmfs was before Linux 2.6.36, says POLLIN|POLLOUT at once.
func wanted(fd int) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}
	var now unix.Timespec
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && n == 1 && p.Revents == unix.POLLIN
}

// retry calls f until it is not interrupted by a signal.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
