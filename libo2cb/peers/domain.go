// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// DomainName is the lock domain in which the nodes publish.
const DomainName = "o2cb-peers"

// dlmfsMagic is the f_type that statfs(2) returns for a dlmfs. DLMFS_MAGIC in
// fs/ocfs2/dlmfs/dlmfsver.h.
const dlmfsMagic = 0x76a9f425

// lockMode lets nobody but root open a lock, and so take it.
const lockMode = 0o600

// errAbsent says that a node is not in the domain.
var errAbsent = errors.New("not in the domain")

// domain is the lock domain. Each of its methods can wait in the kernel for ever.
type domain struct {
	dir    string
	openat func(path string, flags int) (int, error)
	// isDLMFS tells whether a directory lies on dlmfs.
	isDLMFS func(path string) (bool, error)
}

// newDomain returns the domain below the mount point of a dlmfs.
func newDomain(mount string) *domain {
	return &domain{dir: filepath.Join(mount, DomainName), openat: openLock, isDLMFS: onDLMFS}
}

func recordLock(node int) string   { return "node-" + strconv.Itoa(node) }
func presenceLock(node int) string { return "here-" + strconv.Itoa(node) }

// join joins the domain, or finds it joined.
func (d *domain) join() error {
	mount := filepath.Dir(d.dir)
	is, err := d.isDLMFS(mount)
	if err != nil {
		return err
	}
	if !is {
		return &os.PathError{Op: "join", Path: mount, Err: errors.New("not a dlmfs (o2cb_ctl load)")}
	}
	err = retry(func() error { return unix.Mkdir(d.dir, 0o755) })
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return &os.PathError{Op: "mkdir", Path: d.dir, Err: err}
	}
	return nil
}

// publish makes record the one of node, which is this one, and shows that it is
// here. In that order: whoever sees the node here may read its record.
func (d *domain) publish(node int, record []byte) error {
	if err := d.write(recordLock(node), record); err != nil {
		return err
	}
	fd, err := d.open(presenceLock(node), 0)
	if err != nil {
		return err
	}
	return unix.Close(fd) // the node keeps it cached
}

// write makes data the value of a lock. What is there already is not written
// again: a write has to be fetched by all that have read the lock.
func (d *domain) write(lock string, data []byte) error {
	fd, err := d.open(lock, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	was, err := d.value(lock, fd)
	if err != nil || string(was) == string(data) {
		return err
	}
	n, err := unix.Pwrite(fd, data, 0)
	if err == nil && n != len(data) {
		err = fmt.Errorf("%d of %d bytes: %w", n, len(data), unix.EIO)
	}
	if err != nil {
		return &os.PathError{Op: "write", Path: filepath.Join(d.dir, lock), Err: err}
	}
	return nil
}

// read returns the value block of another node, and errAbsent when it is not in
// the domain.
//
// It gives up at once whatever it took, by unlink. A record that stayed with the
// reader would be lost with it; back at the lock's master, which is its owner
// unless somebody asked before it first came, it is not.
func (d *domain) read(node int) ([]byte, error) {
	here, err := d.isHere(node)
	if err != nil {
		return nil, err
	}
	if !here {
		return nil, errAbsent
	}
	lock := recordLock(node)
	fd, err := d.open(lock, 0)
	if err != nil {
		return nil, err
	}
	block, err := d.value(lock, fd)
	return block, errors.Join(err, unix.Close(fd), d.unlink(lock))
}

// isHere tells whether a node, not this one, keeps its presence lock: then a
// request that must not wait is refused, and its owner not even told of it.
func (d *domain) isHere(node int) (bool, error) {
	lock := presenceLock(node)
	fd, err := d.open(lock, unix.O_NONBLOCK)
	if errors.Is(err, unix.ETXTBSY) {
		return true, d.unlink(lock)
	}
	if err != nil {
		return false, err
	}
	return false, errors.Join(unix.Close(fd), d.unlink(lock))
}

// leave leaves the domain, if it is joined.
func (d *domain) leave() error {
	locks, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, l := range locks {
		if err := d.unlink(l.Name()); err != nil {
			return err
		}
	}
	if err := retry(func() error { return unix.Rmdir(d.dir) }); err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "rmdir", Path: d.dir, Err: err}
	}
	return nil
}

func (d *domain) unlink(lock string) error {
	path := filepath.Join(d.dir, lock)
	if err := retry(func() error { return unix.Unlink(path) }); err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "unlink", Path: path, Err: err}
	}
	return nil
}

// value reads the value block of an open lock.
func (d *domain) value(lock string, fd int) ([]byte, error) {
	block := make([]byte, RecordSize)
	n, err := unix.Pread(fd, block, 0)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: filepath.Join(d.dir, lock), Err: err}
	}
	return block[:n], nil
}

// A lock that another process of this node is just unlinking answers EAGAIN.
const (
	unlinkPause    = 10 * time.Millisecond
	unlinkAttempts = 200
)

// open opens a lock exclusively, which makes it if there is none.
func (d *domain) open(lock string, flags int) (int, error) {
	path := filepath.Join(d.dir, lock)
	var fd int
	var err error
	for range unlinkAttempts {
		fd, err = d.openat(path, flags)
		if !errors.Is(err, unix.EAGAIN) {
			break
		}
		time.Sleep(unlinkPause)
	}
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// openLock opens a lock for writing, which is the exclusive level, and for
// reading, which the value needs.
func openLock(path string, flags int) (fd int, err error) {
	err = retry(func() error {
		fd, err = unix.Open(path, flags|unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, lockMode)
		return err
	})
	return fd, err
}

func onDLMFS(path string) (bool, error) {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Statfs(path, &st) }); err != nil {
		return false, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	// The type of the field differs between architectures; the magic has 32 bits.
	return uint32(st.Type) == dlmfsMagic, nil
}

// retry calls f until no signal interrupts it.
func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
