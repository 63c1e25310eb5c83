// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"errors"
	"strconv"
)

// Reasons why a device does not count as an OCFS2 volume. An [*Error] wraps
// one of them, or the errno of the device.
var (
	// ErrNotOCFS2 says that no block size yields an OCFS2 superblock.
	ErrNotOCFS2 = errors.New("not an OCFS2 volume")

	// ErrOCFS1 says that the volume is of the first OCFS, which no kernel since 2.6 can mount.
	ErrOCFS1 = errors.New("volume of the old OCFS version 1")

	// ErrCorrupt says that the volume contradicts itself or ends too early.
	ErrCorrupt = errors.New("volume is damaged")

	// ErrUnsupported says that the volume has a revision or a feature that is unknown here.
	ErrUnsupported = errors.New("volume format is not supported")

	// ErrSectorSize says that the device's sectors are larger than the volume's
	// blocks, or of a size that the kernel's heartbeat does not take.
	ErrSectorSize = errors.New("sector size does not fit the volume")

	// ErrAmbiguous says that devices which have nothing to do with one another carry
	// the same volume.
	ErrAmbiguous = errors.New("several block devices carry the volume")

	// ErrNotFound says that no block device of this machine carries the volume.
	ErrNotFound = errors.New("no block device carries the volume")
)

// Error is the only error type of this package.
type Error struct {
	Op    string // what was done: "open", "read superblock", …
	Path  string // the device or file; empty when Read was given a bare io.ReaderAt
	Block int64  // the file system block concerned, or NoBlock
	Found string // what was found there, or what to do about it; may be empty
	Err   error  // one of the package's errors, an errno, or a context's error
}

// NoBlock is the Block of an Error that concerns no single block.
const NoBlock = -1

var _ error = (*Error)(nil)

// Error returns one line: operation, device, block, what was found, cause.
func (e *Error) Error() string {
	s := "volume: " + e.Op
	if e.Path != "" {
		s += " " + e.Path
	}
	if e.Block != NoBlock {
		s += ": block " + strconv.FormatInt(e.Block, 10)
	}
	if e.Found != "" {
		s += ": " + e.Found
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause, so that errors.Is finds this package's errors and errnos.
func (e *Error) Unwrap() error { return e.Err }

// withPath fills in the device that e concerns.
func withPath(err error, path string) error {
	var e *Error
	if errors.As(err, &e) && e.Path == "" {
		e.Path = path
	}
	return err
}
