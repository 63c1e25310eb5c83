// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// FS is a mounted configfs. It holds nothing open between calls and may be used
// by several goroutines.
type FS struct {
	mountPoint string
	openat     openFunc
}

// New returns the configfs mounted on mountPoint, commonly /sys/kernel/config.
// It does not look there: a mount point without configfs shows in the first
// operation.
func New(mountPoint string) *FS {
	return &FS{mountPoint: filepath.Clean(mountPoint), openat: openBeneath}
}

// MountPoint returns the directory that New was given.
func (f *FS) MountPoint() string { return f.mountPoint }

// root opens the node manager's directory.
func (f *FS) root() (*dir, error) {
	mount, err := openDir(f.mountPoint, f.openat)
	if err != nil {
		return nil, unavailable(err)
	}
	defer mount.close()
	root, err := mount.sub("cluster")
	return root, unavailable(err)
}

func unavailable(err error) error {
	return because(err, unix.ENOENT,
		"configfs is not mounted there or the kernel's node manager is not loaded", "o2cb_ctl load")
}

// cluster opens the directory of a cluster.
func (f *FS) cluster(name string) (*dir, error) {
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	defer root.close()
	if err := checkName("open", root.path, name, maxComponent); err != nil {
		return nil, err
	}
	d, err := root.sub(name)
	return d, because(err, unix.ENOENT, "the kernel has no cluster of this name", "")
}

// in opens a directory of a cluster: at one go, and only where that fails step by
// step, to see what is missing.
func (f *FS) in(cluster, rel string) (*dir, error) {
	mount, err := openDir(f.mountPoint, f.openat)
	if err != nil {
		return nil, unavailable(err)
	}
	defer mount.close()
	if err := checkName("open", filepath.Join(mount.path, "cluster"), cluster, maxComponent); err != nil {
		return nil, err
	}
	d, err := mount.sub(filepath.Join("cluster", cluster, rel))
	if !errors.Is(err, unix.ENOENT) {
		return d, err
	}
	c, explained := f.cluster(cluster)
	if explained != nil {
		return nil, explained
	}
	c.close()
	return nil, because(err, unix.ENOENT, "the cluster was removed just now, or this kernel has no such directory", "")
}

// maxComponent is the longest name that a directory can have. NAME_MAX in linux/limits.h.
const maxComponent = 255

// checkName refuses a name that is not exactly one path component of at most
// limit bytes, before it comes near a path.
func checkName(op, parent, name string, limit int) error {
	e := &Error{Op: op, Path: parent, Value: name, Err: unix.EINVAL}
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
		e.Reason = fmt.Sprintf("the name %q is not one path component", name)
	case len(name) > limit:
		e.Err = unix.ENAMETOOLONG
		e.Reason = fmt.Sprintf("the name %q has %d bytes and may have %d", name, len(name), limit)
	default:
		return nil
	}
	return e
}

// because puts reason and mend into err if it is an *Error caused by errno, and
// returns err.
func because(err error, errno unix.Errno, reason, mend string) error {
	var e *Error
	if errors.As(err, &e) && errors.Is(e.Err, errno) {
		e.Reason, e.Mend = reason, mend
	}
	return err
}
