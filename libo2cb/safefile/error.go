// SPDX-License-Identifier: Apache-2.0

package safefile

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

// ErrNotRegular is that a path names a directory, a device, a FIFO or a socket.
var ErrNotRegular = errors.New("not a regular file")

// ErrChanged is that somebody changed the file since it was read.
var ErrChanged = errors.New("the file has changed since it was read")
