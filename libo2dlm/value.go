// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// Value returns the value that was last set with SetValue, by any holder on any
// node. It travels with the lock and costs no message: at most 48 bytes, see
// MaxValue.
//
// ErrValueLost says that there is none: nobody has set one yet, or the node that
// held the lock exclusively, or cached it so, has died with it. (The kernel gives
// zeros for both, and so they cannot be told apart.) Restore the value under an
// exclusive hold then, from where it is kept for good, and set it.
// ErrForeignValue says that something else has written the block; RawValue
// returns it.
func (h *Hold) Value() (value []byte, err error) {
	err = h.use(opValue, func(g *grant, fd int) error {
		if err := g.readFrame(fd); err != nil {
			return err
		}
		if g.frame.value == nil {
			return ErrValueLost
		}
		value = bytes.Clone(g.frame.value)
		if value == nil {
			value = []byte{}
		}
		return nil
	})
	return value, err
}

// SetValue makes p, of at most MaxValue bytes, the lock's value. The hold must be
// exclusive: else it fails with unix.EBADF. It does not overwrite what something
// else has written (ErrForeignValue); SetRawValue(nil) clears that.
//
// The value lives in the memory of the nodes that use the lock, and no longer
// than they do: it is for what can be restored.
func (h *Hold) SetValue(p []byte) error {
	return h.use(opSetValue, func(g *grant, fd int) error {
		if err := g.mustBeExclusive(); err != nil {
			return err
		}
		if err := g.readFrame(fd); err != nil {
			return err
		}
		if len(p) > g.frame.room {
			return fmt.Errorf("%d bytes: %w: a value has at most %d", len(p), unix.ENOSPC, g.frame.room)
		}
		f := g.frame
		f.value = append([]byte{}, p...)
		return g.writeFrame(fd, f)
	})
}

// RawValue returns the value block as it is: 64 bytes, zeros where nothing was
// written or the last owner has died. It is for locks that are shared with C
// programs, which know no frame around the value; use one way or the other.
func (h *Hold) RawValue() (block []byte, err error) {
	err = h.use(opValue, func(_ *grant, fd int) (err error) {
		block, err = readBlock(fd)
		return err
	})
	return block, err
}

// SetRawValue makes p the value block, and the rest of the block zeros. The hold
// must be exclusive: else it fails with unix.EBADF. A longer p than the block, of
// 64 bytes, is unix.ENOSPC.
func (h *Hold) SetRawValue(p []byte) error {
	return h.use(opSetValue, func(g *grant, fd int) error {
		if err := g.mustBeExclusive(); err != nil {
			return err
		}
		block, err := readBlock(fd)
		if err != nil {
			return err
		}
		if len(p) > len(block) {
			return fmt.Errorf("%d bytes: %w: the value block has %d", len(p), unix.ENOSPC, len(block))
		}
		clear(block[copy(block, p):])
		g.framed = false
		return writeBlock(fd, block)
	})
}

// readFrame reads the frame of the value block, once in a grant. A blank one is a
// frame without token and value. The caller holds mu.
func (g *grant) readFrame(fd int) error {
	if g.framed {
		return nil
	}
	block, err := readBlock(fd)
	if err != nil {
		return err
	}
	f, err := parseFrame(block)
	if err != nil && !errors.Is(err, errBlank) {
		return err
	}
	g.frame, g.framed = f, true
	return nil
}

func (g *grant) writeFrame(fd int, f frame) error {
	if err := writeBlock(fd, f.bytes()); err != nil {
		return err
	}
	g.frame = f
	return nil
}

// readBlock reads the value block. What is missing at its end are zeros: dlmfs of
// old kernels reads nothing when the value was lost, and a plain file has
// nothing that was not written.
func readBlock(fd int) ([]byte, error) {
	block := make([]byte, blockSize)
	for {
		switch _, err := unix.Pread(fd, block, 0); {
		case err == unix.EINTR:
		case err != nil:
			return nil, fmt.Errorf("read: %w", err)
		default:
			return block, nil
		}
	}
}

func writeBlock(fd int, block []byte) error {
	for {
		n, err := unix.Pwrite(fd, block, 0)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("write: %w", err)
		case n < len(block):
			return fmt.Errorf("write: %d of %d bytes: %w", n, len(block), io.ErrShortWrite)
		default:
			return nil
		}
	}
}
