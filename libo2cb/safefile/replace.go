// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// newMode is the mode of a file that was not there before, as the C tools make theirs.
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

// put puts text in the place of the file, which stands as s says.
func (s *Source) put(text string) error {
	temp, err := s.writeBeside(text)
	if err != nil {
		return err
	}
	if err := s.unchanged(); err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, s.Path); err != nil {
		_ = os.Remove(temp)
		return &Error{Op: "replace", Path: s.Path, Err: err}
	}
	if err := syncDirectory(filepath.Dir(s.Path)); err != nil {
		return &Error{Op: "write", Path: s.Path, Err: errUnsynced(err)}
	}
	return nil
}

// writeBeside writes text into a new file beside the old one and onto the disk,
// and returns its path. On failure nothing stays.
func (s *Source) writeBeside(text string) (path string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(s.Path), tempPrefix(s.Path)+"*"+tempSuffix)
	if err != nil {
		return "", &Error{Op: "write", Path: s.Path, Err: err}
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
	if err := s.dress(temp); err != nil {
		return "", err
	}
	if err := temp.Sync(); err != nil {
		return "", err
	}
	return temp.Name(), temp.Close()
}

// dress gives the new file the owner, the mode and the extended attributes of the old one.
func (s *Source) dress(temp *os.File) error {
	if !s.There {
		return temp.Chmod(newMode)
	}
	fresh, err := temp.Stat()
	if err != nil {
		return err
	}
	was, is := s.info.Sys().(*syscall.Stat_t), fresh.Sys().(*syscall.Stat_t)
	if was.Uid != is.Uid || was.Gid != is.Gid {
		if err := temp.Chown(int(was.Uid), int(was.Gid)); err != nil {
			return err
		}
	}
	if err := temp.Chmod(s.info.Mode()); err != nil {
		return err
	}
	return copyAttributes(s.opened, temp)
}

// unchanged looks once more, right before the rename, whether the file is still
// the one whose text was compared.
func (s *Source) unchanged() error {
	now, err := os.Lstat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !s.There:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return &Error{Op: "write", Path: s.Path, Err: err}
	case err == nil && s.There && os.SameFile(now, s.info) && now.ModTime().Equal(s.info.ModTime()) && now.Size() == s.info.Size():
		return nil
	}
	return &Error{Op: "write", Path: s.Path, Err: ErrChanged, Mend: "look at it and repeat the edit"}
}

// accessList is the attribute with the access control list. A new file has one,
// though nobody gave it, when its directory has a default list. acl(5).
const accessList = "system.posix_acl_access"

// copyAttributes copies the extended attributes: SELinux label, access control
// list, what users put there. Not copied are security.ima, security.evm (they
// sign the old text) and security.capability (no text has any).
func copyAttributes(from, to *os.File) error {
	names, err := attributeList(from)
	if err != nil {
		return err
	}
	if !slices.Contains(names, accessList) {
		if err := removeAttribute(to, accessList); err != nil {
			return err
		}
	}
	for _, name := range names {
		if slices.Contains([]string{"security.ima", "security.evm", "security.capability"}, name) {
			continue
		}
		value, err := attributeOf(from, name)
		if err != nil {
			return &Error{Op: "read attribute " + name, Path: from.Name(), Err: err}
		}
		if has, err := attributeOf(to, name); err == nil && string(has) == string(value) {
			continue
		}
		if err := unix.Fsetxattr(int(to.Fd()), name, value, 0); err != nil {
			return &Error{Op: "set attribute " + name, Path: to.Name(), Err: err}
		}
	}
	return nil
}

// removeAttribute takes an extended attribute off a file that may have it. The mode stays.
func removeAttribute(f *os.File, name string) error {
	names, err := attributeList(f)
	if err != nil || !slices.Contains(names, name) {
		return err
	}
	if err := unix.Fremovexattr(int(f.Fd()), name); err != nil {
		return &Error{Op: "remove attribute " + name, Path: f.Name(), Err: err}
	}
	return nil
}

// attributeList returns the names of a file's extended attributes; none when the
// file system has no such thing.
func attributeList(f *os.File) ([]string, error) {
	list, err := sized(func(buf []byte) (int, error) { return unix.Flistxattr(int(f.Fd()), buf) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{Op: "list attributes", Path: f.Name(), Err: err}
	}
	return strings.FieldsFunc(string(list), func(r rune) bool { return r == 0 }), nil
}

func attributeOf(f *os.File, name string) ([]byte, error) {
	return sized(func(buf []byte) (int, error) { return unix.Fgetxattr(int(f.Fd()), name, buf) })
}

// sized calls a function that first tells the size of its answer; again if that grew meanwhile.
func sized(get func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := get(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		buf := make([]byte, n)
		n, err = get(buf)
		if !errors.Is(err, unix.ERANGE) {
			return buf[:max(n, 0)], err
		}
	}
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
