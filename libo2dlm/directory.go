// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// directory is an open directory of a domain. Locks are opened relative to it,
// so that they can never land in what lies below the mount point after an
// unmount: a plain directory, where they would exclude nobody.
type directory struct {
	fd      int
	threads *threads // that requests wait on; nil with SingleNode, where all waits can be ended
	refs    int      // guarded by Domain.mu; closed when it falls to 0
}

// newDirectory makes a directory of its descriptor, which it closes when it fails.
func newDirectory(fd int, singleNode bool) (*directory, error) {
	dir := &directory{fd: fd, refs: 1}
	if singleNode {
		return dir, nil
	}
	var err error
	if dir.threads, err = newThreads(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return dir, nil
}

// unref gives one reference up. The caller holds Domain.mu.
func (dir *directory) unref() {
	if dir.refs--; dir.refs > 0 {
		return
	}
	unix.Close(dir.fd)
	if dir.threads != nil {
		dir.threads.close()
	}
}

// maxJoinAttempts is how often the domain's directory is made anew when others
// remove it between our mkdir and our open.
const maxJoinAttempts = 100

// openDirectory opens the domain's directory below mount and makes it first if
// there is none; on dlmfs that joins the domain, takes seconds, and cannot be
// interrupted.
func openDirectory(mount, domain string, singleNode bool) (int, error) {
	root, err := openRoot(mount, singleNode)
	if err != nil {
		return -1, err
	}
	defer unix.Close(root)

	for range maxJoinAttempts {
		fd, err := openPath(root, domain, unix.O_NOFOLLOW)
		switch err {
		case nil:
			return fd, nil
		case unix.ENOENT:
		case unix.ENOTDIR, unix.ELOOP:
			return -1, fmt.Errorf("not a directory: %w", err)
		default:
			return -1, fmt.Errorf("open: %w", err)
		}
		err = retry(func() error { return unix.Mkdirat(root, domain, domainMode(singleNode)) })
		if err != nil && err != unix.EEXIST {
			return -1, mkdirError(err, singleNode)
		}
	}
	return -1, fmt.Errorf("removed %d times by somebody else while being joined: %w", maxJoinAttempts, unix.ENOENT)
}

// domainMode is the mode of a new domain's directory: on dlmfs that of the C
// library, so that everybody can look; elsewhere nobody's business, because who
// can write there can remove a lock from under its holder.
func domainMode(singleNode bool) uint32 {
	if singleNode {
		return 0o700
	}
	return 0o755
}

// openRoot opens the mount point, and refuses one of the wrong kind.
func openRoot(mount string, singleNode bool) (int, error) {
	root, err := openPath(unix.AT_FDCWD, mount, 0)
	if err != nil {
		if singleNode {
			return -1, fmt.Errorf("open %s: %w", mount, err)
		}
		return -1, fmt.Errorf("open %s: %w; to mount dlmfs type: o2cb_ctl load", mount, err)
	}
	if err := checkRoot(root, mount, singleNode); err != nil {
		unix.Close(root)
		return -1, err
	}
	return root, nil
}

func checkRoot(root int, mount string, singleNode bool) error {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(root, &st) }); err != nil {
		return fmt.Errorf("statfs %s: %w", mount, err)
	}
	// The type of the field differs between architectures; the magic has 32 bits.
	isDLMFS := uint32(st.Type) == dlmfsMagic
	switch {
	case isDLMFS && singleNode:
		return fmt.Errorf("%s is %w: other nodes see its locks", mount, ErrDLMFS)
	case !isDLMFS && !singleNode:
		return fmt.Errorf("%s is %w (type %#x): no other node would see its locks; to mount one type: o2cb_ctl load",
			mount, ErrNotDLMFS, uint32(st.Type))
	}
	return nil
}

// openPath opens a directory as a mere place: O_PATH needs no permission to
// read it and asks nothing of the file system.
func openPath(at int, path string, flags int) (int, error) {
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Openat(at, path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC|flags, 0)
		return err
	})
	return fd, err
}

// mkdirError says what a refused mkdir means. dlmfs answers EINVAL for names
// too, but those were checked before.
func mkdirError(err error, singleNode bool) error {
	switch {
	case singleNode:
		return fmt.Errorf("mkdir: %w", err)
	case err == unix.EINVAL:
		return fmt.Errorf("mkdir: %w: %w; type: o2cb_ctl online, and if that does not start one: "+
			"o2cb_ctl heartbeat start DEVICE", err, ErrOffline)
	case err == unix.EACCES || err == unix.EPERM:
		return fmt.Errorf("mkdir: %w: joining a domain needs write permission in the mount point, that is root", err)
	case err == unix.ENOTCONN:
		return fmt.Errorf("mkdir: %w: a node that is alive cannot be reached over the cluster's network "+
			"or, with the stack pcmk, dlm_controld does not run", err)
	}
	return fmt.Errorf("mkdir: %w", err)
}
