// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// newMode is the mode of a file that was not there before, which everybody may read.
const newMode = 0o644

// Temporary files are called .NAME.DIGITS.tmp.
const tempSuffix = ".tmp"

func tempPrefix(target string) string { return "." + filepath.Base(target) + "." }

// removeStrays removes what killed saves left behind. The caller holds the lock,
// so that no save is under way. A stray that cannot be removed is in nobody's way.
func removeStrays(target string) {
	dir := filepath.Dir(target)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		middle, ours := strings.CutPrefix(e.Name(), tempPrefix(target))
		digits, temporary := strings.CutSuffix(middle, tempSuffix)
		if ours && temporary && digits != "" && strings.Trim(digits, "0123456789") == "" && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// Replace puts text in the place of the file if that still is what was says; otherwise
// it fails with ErrChanged. The text is written beside the file, with its owner, mode
// and extended attributes, synced, and renamed over it: at any moment, after a power
// cut too, the file is the old or the new one. A new file has mode 0644. Other hard
// links keep the old text. A file that was not read to its end is left alone. The
// error is an *Error.
func (l *Lock) Replace(was Snapshot, text string) error {
	if len(was.Text) > was.Most {
		return &Error{Op: "write", Path: l.target, Err: fmt.Errorf("the file has more than the %d bytes that were read", was.Most)}
	}
	now, err := open(l.target, was.Most)
	if err != nil {
		return err
	}
	defer now.close()
	if now.There != was.There || now.Text != was.Text {
		return errChanged(l.target)
	}
	return now.replace(text)
}

func errChanged(path string) error {
	return &Error{Op: "write", Path: path, Err: ErrChanged, Mend: "look at it and repeat the edit"}
}

// replace puts text in the place of the file.
func (o *opened) replace(text string) error {
	temp, err := o.writeBeside(text)
	if err != nil {
		return err
	}
	if err := o.unchanged(); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, o.Path); err != nil {
		_ = os.Remove(temp)
		return &Error{Op: "replace", Path: o.Path, Err: err}
	}
	if err := syncDirectory(filepath.Dir(o.Path)); err != nil {
		return &Error{Op: "write", Path: o.Path, Err: errUnsynced(err)}
	}
	return nil
}

// writeBeside writes text into a new file beside the old one and onto the disk,
// and returns its path. On failure nothing stays.
func (o *opened) writeBeside(text string) (path string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(o.Path), tempPrefix(o.Path)+"*"+tempSuffix)
	if err != nil {
		return "", &Error{Op: "write", Path: o.Path, Err: err}
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
			err = &Error{Op: "write", Path: temp.Name(), Err: err}
		}
	}()
	if _, err := temp.WriteString(text); err != nil {
		return "", err
	}
	if err := o.dress(temp); err != nil {
		return "", err
	}
	if err := temp.Sync(); err != nil {
		return "", err
	}
	return temp.Name(), temp.Close()
}

// dress gives the new file the owner, the mode and the extended attributes of the old one.
func (o *opened) dress(temp *os.File) error {
	if !o.There {
		return temp.Chmod(newMode)
	}
	fresh, err := temp.Stat()
	if err != nil {
		return err
	}
	was, is := o.info.Sys().(*syscall.Stat_t), fresh.Sys().(*syscall.Stat_t)
	if was.Uid != is.Uid || was.Gid != is.Gid {
		if err := temp.Chown(int(was.Uid), int(was.Gid)); err != nil {
			return err
		}
	}
	if err := temp.Chmod(o.info.Mode()); err != nil {
		return err
	}
	return copyAttributes(o.file, temp)
}

// unchanged looks once more, right before the rename, whether the file is still
// the one whose text was compared.
func (o *opened) unchanged() error {
	now, err := os.Lstat(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.There:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return &Error{Op: "write", Path: o.Path, Err: err}
	case err == nil && o.There && os.SameFile(now, o.info) && now.ModTime().Equal(o.info.ModTime()) && now.Size() == o.info.Size():
		return nil
	}
	return errChanged(o.Path)
}

// syncDirectory puts the entries of a directory onto the disk.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		_ = dir.Close()
		return err
	}
	return dir.Close()
}

// errUnsynced explains a failure after the rename.
func errUnsynced(err error) error {
	return fmt.Errorf("the new text is in place, but may not survive a power cut: %w", err)
}
