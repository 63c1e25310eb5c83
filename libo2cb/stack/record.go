// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// recordFile is where Load writes down what was there before it, below the
// root. /run is empty after a boot, as are the kernel's modules and mounts.
const recordFile = "run/o2cb/load.json"

// before is what Load found. It is written before the first change, so that
// Unload leads back even when Load was killed half-way.
type before struct {
	BootID   string   `json:"boot_id"`
	Modules  []string `json:"modules"`
	ConfigFS bool     `json:"configfs_mounted"`
	DebugFS  bool     `json:"debugfs_mounted"`
	DLMFS    bool     `json:"dlmfs_mounted"`
	// Directories are those that Load may create and that were there.
	Directories []string `json:"directories"`
	// ClusterStack is the selected stack's label; empty without the driver.
	ClusterStack string `json:"cluster_stack"`
}

// look returns what is there now.
func (s *Stack) look() (*before, error) {
	b := &before{}
	var err error
	if b.BootID, err = s.bootID(); err != nil {
		return nil, err
	}
	modules, err := s.modules()
	if err != nil {
		return nil, err
	}
	b.Modules = moduleNames(modules)
	if b.ConfigFS, err = mounted(s.ConfigFS()); err != nil {
		return nil, err
	}
	if b.DebugFS, err = mounted(s.DebugFS()); err != nil {
		return nil, err
	}
	if b.DLMFS, err = mounted(s.DLMFS()); err != nil {
		return nil, err
	}
	for _, dir := range []string{configfsOld, dlmfsDir} {
		_, err := os.Lstat(s.path(dir))
		switch {
		case err == nil:
			b.Directories = append(b.Directories, dir)
		case !errors.Is(err, unix.ENOENT):
			return nil, err
		}
	}
	b.ClusterStack, err = readIfThere(s.path(glueDir + "/cluster_stack"))
	return b, err
}

// mounted turns the answer of ConfigFS and its like into yes and no.
func mounted(_ string, err error) (bool, error) {
	if errors.Is(err, ErrNotMounted) {
		return false, nil
	}
	return err == nil, err
}

// bootID names this run of the kernel. /proc/sys/kernel/random/boot_id, random(4).
func (s *Stack) bootID() (string, error) {
	return readIfThere(s.path("proc/sys/kernel/random/boot_id"))
}

// readRecord returns what Load found in this run of the kernel, nil when it was
// not called.
func (s *Stack) readRecord() (*before, error) {
	path := s.path(recordFile)
	text, err := readIfThere(path)
	if err != nil || text == "" {
		return nil, err
	}
	var b before
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return nil, fmt.Errorf("read %s: %w; remove the file to unload as the init script does", path, err)
	}
	boot, err := s.bootID()
	if err != nil || b.BootID != boot {
		return nil, err
	}
	return &b, nil
}

// writeRecord replaces the record by a rename, so that a crash leaves the old
// one or the new one.
func (s *Stack) writeRecord(b *before) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	path := s.path(recordFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(path), "load.*")
	if err != nil {
		return err
	}
	defer os.Remove(beside.Name())
	_, err = beside.Write(append(data, '\n'))
	if err = errors.Join(err, beside.Chmod(0o644), beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), path)
}

// removeRecord forgets what Load found.
func (s *Stack) removeRecord() error {
	err := os.Remove(s.path(recordFile))
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
