// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Error is an operation on a file that failed.
type Error struct {
	Op   string // "read", "lock", "write", …
	Path string
	Err  error
	Mend string // what to do about it; may be empty
}

// Error returns operation, path, cause and mend in one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Op, e.Path, bare(e.Err))
	if e.Mend != "" {
		text += ": " + e.Mend
	}
	return text
}

// Unwrap returns the cause; errors.Is works down to the errno.
func (e *Error) Unwrap() error { return e.Err }

// bare takes operation and path off an error of package os: the Error around it has them.
func bare(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}

// ErrNotRegular is that a path names a directory, a device, a FIFO or a socket.
var ErrNotRegular = errors.New("not a regular file")

// source is what a File was read from.
type source struct {
	path   string      // symbolic links resolved
	text   string      // as it stood
	there  bool        // there was a file
	info   fs.FileInfo // of the opened file
	opened *os.File    // the file itself while a save needs it; else nil
}

// Load reads a file. The error is an *Error and only about input and output; what
// is wrong with the text are findings. A file that does not exist reads as an
// empty one, as with the C tools. A file of more than MaxSize bytes is a finding
// and not read to its end; a directory, a device, a FIFO or a path that ends in a
// slash is ErrNotRegular. To read from those, pass what they say to Parse.
func Load(path string) (*File, Findings, error) {
	target, err := resolve(path)
	if err != nil {
		return nil, nil, &Error{Op: "read", Path: path, Err: err}
	}
	f, err := load(path, target)
	if err != nil {
		return nil, nil, err
	}
	return f, f.findings, nil
}

// load reads target, which is no symbolic link, into a File called name.
func load(name, target string) (*File, error) {
	src, err := read(target)
	if err != nil {
		return nil, err
	}
	src.close()
	f := &File{name: name, loaded: src}
	if len(src.text) > MaxSize {
		f.refuseSize("")
		return f, nil
	}
	f.parse(src.text)
	return f, nil
}

// read reads the regular file at target. The caller closes the source.
func read(target string) (*source, error) {
	src := &source{path: target}
	// O_NONBLOCK: opening a FIFO would wait for its writer.
	opened, err := os.OpenFile(target, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return src, nil
	}
	if err != nil {
		return nil, &Error{Op: "read", Path: target, Err: err}
	}
	src.opened = opened
	if err := src.readOpened(); err != nil {
		src.close()
		return nil, &Error{Op: "read", Path: target, Err: err}
	}
	return src, nil
}

func (s *source) readOpened() error {
	info, err := s.opened.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w but %s", ErrNotRegular, kindOf(info.Mode()))
	}
	text, err := io.ReadAll(io.LimitReader(s.opened, MaxSize+1))
	if err != nil {
		return err
	}
	s.there, s.info, s.text = true, info, string(text)
	return nil
}

// close lets go of the file; nothing was written through the descriptor.
func (s *source) close() {
	if s.opened != nil {
		_ = s.opened.Close()
		s.opened = nil
	}
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "a device"
}

// errNoPath is that a path leads where no path leads, as those of the files that
// a process has open do (/dev/fd, /proc/PID/fd).
var errNoPath = errors.New("it leads to a file that has no path of its own")

// maxLinks is how many symbolic links a path may lead through, as in the kernel (MAXSYMLINKS in include/linux/namei.h).
const maxLinks = 40

// resolve follows the symbolic links of a path, as the kernel does, to a file
// that need not exist. What it returns is no symbolic link.
func resolve(path string) (string, error) {
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
	return "", errNoPath
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
		return "", errNoPath
	}
	return dir, nil
}
