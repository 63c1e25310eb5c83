// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// ErrNoPath is that a path leads where no path leads, as those of the files that
// a process has open do (/dev/fd, /proc/PID/fd).
var ErrNoPath = errors.New("it leads to a file that has no path of its own")

// maxLinks is how many symbolic links a path may lead through, as in the kernel (MAXSYMLINKS in include/linux/namei.h).
const maxLinks = 40

// Resolve follows the symbolic links of a path, as the kernel does, to a file
// that need not exist. What it returns is no symbolic link.
func Resolve(path string) (string, error) {
	target, err := follow(path)
	if err != nil {
		return "", err
	}
	// The links of /proc say one thing and lead to another. To take such a file
	// for a missing one would be to call it empty.
	info, err := os.Stat(path)
	if err != nil {
		return target, nil
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return target, nil
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w but %s", ErrNotRegular, kindOf(info.Mode()))
	}
	return "", ErrNoPath
}

// follow follows symbolic links by what they say.
func follow(path string) (string, error) {
	for range maxLinks {
		parent, base := filepath.Split(path)
		switch {
		case path == "":
			return "", syscall.ENOENT
		case base == "" || base == "." || base == "..":
			return "", fmt.Errorf("%w: the path is a directory's, as its end says", ErrNotRegular)
		}
		dir, err := followDirectory(parent)
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, base)
		link, err := os.Readlink(path)
		if err != nil {
			// No link, no file, or no way to tell: opening it will say so.
			return path, nil
		}
		// Not filepath.Join, which takes "a/.." away even when a is a link.
		if path = link; !filepath.IsAbs(link) {
			path = dir + "/" + link
		}
	}
	return "", syscall.ELOOP
}

// followDirectory follows the symbolic links of the path of a directory, which
// may be missing as long as nothing leads out of it again.
func followDirectory(path string) (string, error) {
	if path == "" {
		return ".", nil
	}
	dir, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && !slices.Contains(strings.Split(path, "/"), "..") {
		return filepath.Clean(path), nil
	}
	if err != nil {
		return "", err
	}
	// A link of /proc/PID/root or /proc/PID/cwd can lead into another mount namespace.
	said, saidErr := os.Stat(dir)
	meant, meantErr := os.Stat(path)
	if saidErr == nil && meantErr == nil && !os.SameFile(said, meant) {
		return "", ErrNoPath
	}
	return dir, nil
}
