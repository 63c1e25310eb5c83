// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Snapshot is what a file held when it was read.
type Snapshot struct {
	Path  string // symbolic links resolved
	Text  string // as it stood; one byte more than most when there was more
	There bool   // there was a file
	Most  int    // how many bytes were allowed
}

// Read reads the regular file at target, which Resolve returned. One that does not
// exist is no failure. Of a file of more than most bytes the first most+1 are read, so
// that the caller can tell. The error is an *Error.
func Read(target string, most int) (Snapshot, error) {
	o, err := open(target, most)
	if err != nil {
		return Snapshot{}, err
	}
	o.close()
	return o.Snapshot, nil
}

// opened is a file that was read and is still open, for its owner, mode and attributes.
type opened struct {
	Snapshot
	info fs.FileInfo
	file *os.File // nil without a file
}

// open reads the file at target. The caller closes it.
func open(target string, most int) (*opened, error) {
	o := &opened{Snapshot: Snapshot{Path: target, Most: most}}
	// O_NONBLOCK: opening a FIFO would wait for its writer.
	file, err := os.OpenFile(target, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return nil, &Error{Op: "read", Path: target, Err: err}
	}
	o.file = file
	if err := o.read(); err != nil {
		o.close()
		return nil, &Error{Op: "read", Path: target, Err: err}
	}
	return o, nil
}

func (o *opened) read() error {
	info, err := o.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w but %s", ErrNotRegular, kindOf(info.Mode()))
	}
	text, err := io.ReadAll(io.LimitReader(o.file, int64(o.Most)+1))
	if err != nil {
		return err
	}
	o.There, o.info, o.Text = true, info, string(text)
	return nil
}

// close lets go of the file; nothing was written through the descriptor.
func (o *opened) close() {
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
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
