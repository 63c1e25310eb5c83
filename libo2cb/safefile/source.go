// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Source is a file as it was read.
type Source struct {
	Path   string      // symbolic links resolved
	Text   string      // as it stood
	There  bool        // there was a file
	limit  int64       // of its size in bytes, above which the rest is not read
	info   fs.FileInfo // of the opened file
	opened *os.File    // the file itself while a save needs it; else nil
}

// Read reads the regular file at target, which is no symbolic link (see
// [Resolve]), and up to one byte more than limit, so that the caller can tell that
// it is larger. A file that is not there is an empty one. The error is an *Error;
// anything but a regular file is ErrNotRegular.
func Read(target string, limit int64) (*Source, error) {
	src, err := open(target, limit)
	if err == nil {
		src.close()
	}
	return src, err
}

// open is Read of a file that stays open. The caller closes the source.
func open(target string, limit int64) (*Source, error) {
	src := &Source{Path: target, limit: limit}
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

func (s *Source) readOpened() error {
	info, err := s.opened.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w but %s", ErrNotRegular, kindOf(info.Mode()))
	}
	text, err := io.ReadAll(io.LimitReader(s.opened, s.limit+1))
	if err != nil {
		return err
	}
	s.There, s.info, s.Text = true, info, string(text)
	return nil
}

// close lets go of the file; nothing was written through the descriptor.
func (s *Source) close() {
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
