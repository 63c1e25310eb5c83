// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"io"
	"os"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Rewrite reads the heartbeat block of a node from f and writes it back as it is,
// which tells whether a disk can be written before a heartbeat depends on it: the
// kernel takes half a minute for that, and leaves a region that nobody can remove.
//
// f is open for reading and writing and has been given to ReadFile. The node must
// not beat there at the moment, or one of its beats may be lost. The error is an
// *Error with the errno.
func Rewrite(f *os.File, a cluster.Area, number int) error {
	fail := func(op string, err error) error {
		return &Error{Op: op + " a heartbeat block", Path: f.Name(), Block: NoBlock, Err: err}
	}
	block := aligned(a.BlockBytes, a.BlockBytes)
	at := int64(a.StartBlock+uint64(number)) * int64(a.BlockBytes)
	if n, err := f.ReadAt(block, at); n < len(block) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fail("read", err)
	}
	if _, err := f.WriteAt(block, at); err != nil {
		return fail("write", err)
	}
	return nil
}
