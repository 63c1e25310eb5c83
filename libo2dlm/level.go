// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
)

// Level is how strongly a resource is held. dlmfs offers two of the DLM's six
// modes and reads them from the access mode of open(2).
//
// dlmfs_decode_open_flags in fs/ocfs2/dlmfs/dlmfs.c.
type Level uint8

// The levels. The zero Level is none of them, so a forgotten one is an error.
const (
	// Shared admits any number of holders, but none that is Exclusive (protected
	// read, PR). This version refuses it with errors.ErrUnsupported.
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

// check returns why a lock of this level cannot be requested.
//
// Shared is refused because the kernel (6.1, measured) leaves the opens of two
// nodes waiting for ever when one asks for PR and the other for EX of the same
// resource at the same moment. A second resource, held Exclusive by whoever is
// asking, cures it, but only if all nodes take part.
func (l Level) check() error {
	switch l {
	case Exclusive:
		return nil
	case Shared:
		return fmt.Errorf("level %v: %w: two nodes that request shared and exclusive at the same moment hang each other "+
			"in the kernel, and this version has no gate against it; use Exclusive", l, errors.ErrUnsupported)
	}
	return fmt.Errorf("%v: %w: use Exclusive", l, errors.ErrUnsupported)
}
