// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// Label is the kernel's name of the cluster stack that this package loads.
// OCFS2_STACK_PLUGIN_O2CB in fs/ocfs2/stackglue.c.
const Label = "o2cb"

// Magic numbers of statfs(2).
const (
	configfsMagic = 0x62656570 // CONFIGFS_MAGIC in fs/configfs/mount.c
	dlmfsMagic    = 0x76a9f425 // DLMFS_MAGIC in fs/ocfs2/dlmfs/dlmfs.c
	debugfsMagic  = 0x64626720 // DEBUGFS_MAGIC in linux/magic.h
)

// Places, below the root.
const (
	configfsDir = "sys/kernel/config" // made by the kernel with configfs
	configfsOld = "config"            // where kernels before 2.6.17 have it
	debugfsDir  = "sys/kernel/debug"
	dlmfsDir    = "dlm" // by custom
	glueDir     = "sys/fs/ocfs2"
)

// ErrNotMounted says that a pseudo file system is mounted nowhere it is looked for.
var ErrNotMounted = errors.New("not mounted; o2cb_ctl load")

// Stack is the cluster stack of the system below a root. It keeps no state but
// the root: what it knows it reads anew each time.
type Stack struct {
	root string
	log  logrus.FieldLogger
	sys  system
}

// New returns the stack of the system below root, commonly "/". log may be nil
// and gets a line of level debug for each change.
func New(root string, log logrus.FieldLogger) *Stack {
	if log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		log = silent
	}
	root = filepath.Clean(root)
	return &Stack{root: root, log: log, sys: host{root: root, places: []string{"/sbin/modprobe", "/usr/sbin/modprobe"}}}
}

func (s *Stack) path(rel string) string { return filepath.Join(s.root, rel) }

// ConfigFS returns where configfs is mounted: /sys/kernel/config, or /config on
// old systems. It fails with [ErrNotMounted].
func (s *Stack) ConfigFS() (string, error) {
	return s.mountPoint("configfs", configfsMagic, configfsDir, configfsOld)
}

// DLMFS returns where dlmfs is mounted: /dlm, or the first place below the root
// in the mount table. It fails with [ErrNotMounted].
func (s *Stack) DLMFS() (string, error) {
	return s.mountPoint("ocfs2_dlmfs", dlmfsMagic, dlmfsDir)
}

// DebugFS returns where debugfs is mounted. It fails with [ErrNotMounted], also
// on a kernel without it.
func (s *Stack) DebugFS() (string, error) {
	return s.mountPoint("debugfs", debugfsMagic, debugfsDir)
}

// mountPoint looks for a file system at the given places and then in the mount
// table, where only what lies below the root counts: the rest is another
// system's. statfs is asked first: it sees the topmost of several mounts.
func (s *Stack) mountPoint(fstype string, magic int64, places ...string) (string, error) {
	for _, place := range places {
		if is, err := s.sys.magic(s.path(place)); err == nil && is == magic {
			return s.path(place), nil
		}
	}
	mounts, err := s.Mounts(fstype)
	if err != nil {
		return "", err
	}
	for _, m := range mounts {
		if s.owns(m.Target) {
			return m.Target, nil
		}
	}
	return "", &os.PathError{Op: "find " + fstype, Path: s.path(places[0]), Err: ErrNotMounted}
}

// owns tells whether a path lies below the root.
func (s *Stack) owns(path string) bool {
	rel, err := filepath.Rel(s.root, path)
	return err == nil && filepath.IsLocal(rel)
}

// Domains returns the names of the lock domains that this node has joined,
// sorted; none when dlmfs is not mounted.
func (s *Stack) Domains() ([]string, error) {
	mountPoint, err := s.DLMFS()
	if errors.Is(err, ErrNotMounted) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return directories(mountPoint)
}

// clusters returns the names of the clusters in configfs; none when it is not
// mounted or has no node manager.
func (s *Stack) clusters() ([]string, error) {
	mountPoint, err := s.ConfigFS()
	if errors.Is(err, ErrNotMounted) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := directories(filepath.Join(mountPoint, "cluster"))
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return names, err
}

func directories(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
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
