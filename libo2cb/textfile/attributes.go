// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

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
