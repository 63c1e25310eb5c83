// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// attributeSize is the most that an attribute can hold: configfs gives it one
// page. SIMPLE_ATTR_SIZE in fs/configfs/file.c.
const attributeSize = 4096

// dir is an open directory. Everything is reached from its descriptor and never
// leaves it: neither by a name nor by a symbolic link.
type dir struct {
	fd     int
	path   string
	openat openFunc
}

// openFunc opens a path that must stay below the directory fd.
type openFunc func(fd int, rel string, flags int) (int, error)

// openDir opens an absolute path, following symbolic links: the mount point is
// the caller's word.
func openDir(path string, openat openFunc) (*dir, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, newError("open", path, "", err)
	}
	return &dir{fd: fd, path: path, openat: openat}, nil
}

func (d *dir) close() { closeNow(d.fd) }

// sub opens a directory below d.
func (d *dir) sub(rel string) (*dir, error) {
	full := filepath.Join(d.path, rel)
	fd, err := d.openat(d.fd, rel, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, newError("open", full, "", err)
	}
	return &dir{fd: fd, path: full, openat: d.openat}, nil
}

// each calls read with the directory called name in d and the name of every
// directory in that, sorted, until one of the calls fails.
func (d *dir) each(name string, read func(group *dir, name string) error) error {
	group, err := d.sub(name)
	if err != nil {
		return err
	}
	defer group.close()
	names, err := group.list()
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := read(group, n); err != nil {
			return err
		}
	}
	return nil
}

// list returns the names of the directories in d, sorted.
func (d *dir) list() ([]string, error) {
	fd, err := d.openat(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, newError("list", d.path, "", err)
	}
	f := os.NewFile(uintptr(fd), d.path)
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, newError("list", d.path, "", errno(err))
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// read returns the value of an attribute without its newline.
//
// It makes plain system calls: os.ReadFile would hand the descriptor to Go's
// poller, and the size that stat gives for an attribute is not its length.
func (d *dir) read(rel string) (string, error) {
	full := filepath.Join(d.path, rel)
	fd, err := d.openat(d.fd, rel, unix.O_RDONLY)
	if err != nil {
		return "", newError("read", full, "", err)
	}
	defer closeNow(fd)
	value, err := readValue(fd)
	if err != nil {
		return "", newError("read", full, "", err)
	}
	return value, nil
}

// readValue reads the value of an open attribute without its newline. The kernel
// gives it in one read: it has filled its buffer, of one page, before it copies.
// configfs_read_iter in fs/configfs/file.c.
func readValue(fd int) (string, error) {
	var buf [attributeSize]byte
	n, err := retry(func() (int, error) { return preadNow(fd, buf[:]) })
	return strings.TrimRight(string(buf[:n]), "\n"), err
}

// write sets an attribute, whole, in one write(2). It never creates the file:
// with O_CREAT a missing attribute would answer EACCES instead of ENOENT.
//
// The newline is part of the value for fence_method, which refuses one
// without; the other attributes do not mind it.
func (d *dir) write(rel, value string) error {
	full := filepath.Join(d.path, rel)
	fd, err := d.openat(d.fd, rel, unix.O_WRONLY)
	if err != nil {
		return newError("write", full, value, err)
	}
	defer closeNow(fd)
	if err := writeValue(fd, value, unix.Write); err != nil {
		return newError("write", full, value, err)
	}
	return nil
}

func writeValue(fd int, value string, write func(fd int, data []byte) (int, error)) error {
	data := []byte(value + "\n")
	n, err := retry(func() (int, error) { return write(fd, data) })
	if err == nil && n != len(data) {
		// A second write would start a new value, so the rest cannot be sent.
		return unix.EIO
	}
	return err
}

// set is write for an attribute that the kernel takes at once, and reads it
// back from the same open file: [ErrIgnored] when it has another value then.
func (d *dir) set(rel, value string) error {
	fd, err := d.setOpen(rel, value)
	if err == nil {
		closeNow(fd)
	}
	return err
}

// setOpen is set, and leaves the attribute open unless it fails.
func (d *dir) setOpen(rel, value string) (fd int, err error) {
	fd, err = d.openat(d.fd, rel, unix.O_RDWR)
	if err != nil {
		return -1, newError("write", filepath.Join(d.path, rel), value, err)
	}
	defer func() {
		if err != nil {
			closeNow(fd)
		}
	}()
	if err := writeValue(fd, value, writeNow); err != nil {
		return -1, newError("write", filepath.Join(d.path, rel), value, err)
	}
	is, err := readValue(fd)
	if err != nil {
		return -1, newError("read", filepath.Join(d.path, rel), "", err)
	}
	if is != value {
		e := newError("write", filepath.Join(d.path, rel), value, ErrIgnored)
		e.Reason = "the kernel holds " + is
		return -1, e
	}
	return fd, nil
}

func (d *dir) mkdir(name string) error {
	_, err := retry(func() (int, error) { return 0, unix.Mkdirat(d.fd, name, 0o755) })
	if err != nil {
		return newError("mkdir", filepath.Join(d.path, name), "", err)
	}
	return nil
}

func (d *dir) rmdir(name string) error {
	_, err := retry(func() (int, error) { return 0, unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
	if err != nil {
		return newError("rmdir", filepath.Join(d.path, name), "", err)
	}
	return nil
}

// stands tells whether the path by which d was opened still leads to d.
func (d *dir) stands() (bool, error) {
	var held, named unix.Stat_t
	if err := unix.Fstat(d.fd, &held); err != nil {
		return false, newError("open", d.path, "", err)
	}
	err := unix.Lstat(d.path, &named)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, newError("open", d.path, "", err)
	}
	return held.Dev == named.Dev && held.Ino == named.Ino, nil
}

// openBeneath opens rel below fd with the kernel's own confinement, or step by
// step where the kernel has none (before 5.6) or a seccomp filter hides it.
// openat2(2).
func openBeneath(fd int, rel string, flags int) (int, error) {
	how := unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	opened, err := retry(func() (int, error) { return openNow(fd, rel, &how) })
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return openStepwise(fd, rel, flags)
	}
	return opened, err
}

// openStepwise opens rel below fd one component at a time, none of them a
// symbolic link. The components are names that were checked.
func openStepwise(fd int, rel string, flags int) (int, error) {
	parts := strings.Split(rel, "/")
	at := fd
	for i, part := range parts {
		f := unix.O_PATH | unix.O_DIRECTORY
		if i == len(parts)-1 {
			f = flags
		}
		next, err := retry(func() (int, error) {
			return unix.Openat(at, part, f|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		})
		if at != fd {
			unix.Close(at)
		}
		if err != nil {
			return -1, err
		}
		at = next
	}
	return at, nil
}

// retry repeats a system call that a signal interrupted before it did anything.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// errno takes the errno out of the wrappings of package os.
func errno(err error) error {
	var e unix.Errno
	if errors.As(err, &e) {
		return e
	}
	return err
}
