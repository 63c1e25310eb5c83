// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// What an operation fails with, wrapped in an *Error or by Resolve.
var (
	// ErrChanged is that somebody changed the file since it was read.
	ErrChanged = errors.New("the file has changed since it was read")
	// ErrLocked is that another program is editing the file and did not finish in time.
	ErrLocked = errors.New("another program is editing the file")
	// ErrNotRegular is that a path names a directory, a device, a FIFO or a socket.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNoPath is that a path leads where no path leads, as those of the files that
	// a process has open do (/dev/fd, /proc/PID/fd).
	ErrNoPath = errors.New("it leads to a file that has no path of its own")
)
