// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Level is how strongly a resource is held. dlmfs offers two of the DLM's six
// modes and reads them from the access mode of open(2).
//
// dlmfs_decode_open_flags in fs/ocfs2/dlmfs/dlmfs.c.
type Level uint8

// The levels. The zero Level is none of them, so a forgotten one is an error.
const (
	// Shared admits any number of holders, but none that is Exclusive (protected
	// read, PR).
	Shared Level = iota + 1

	// Exclusive admits one holder in the whole cluster (EX).
	Exclusive
)

// String returns "shared", "exclusive" or, of any other value, its number.
func (l Level) String() string {
	switch l {
	case Shared:
		return "shared"
	case Exclusive:
		return "exclusive"
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// access is how to open a lock at this level. Exclusive opens it for reading too:
// its value cannot be read through O_WRONLY.
func (l Level) access() int {
	if l == Shared {
		return unix.O_RDONLY
	}
	return unix.O_RDWR
}

// check returns why a lock of this level cannot be requested.
func (l Level) check(gated bool) error {
	switch {
	case l == Exclusive || l == Shared && gated:
		return nil
	case l == Shared:
		return fmt.Errorf("level %v: %w: the lock was declared ExclusiveOnly, so nothing keeps two nodes from asking for "+
			"different levels at the same moment, which hangs them in the kernel", l, errors.ErrUnsupported)
	}
	return fmt.Errorf("%v: %w: use Shared or Exclusive", l, errors.ErrUnsupported)
}
