// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// disk reads blocks of one volume. It knows as much of the superblock as is
// needed to judge a block number.
type disk struct {
	r          io.ReaderAt
	blockSize  int
	blocks     uint64 // size of the volume in blocks
	clusterLog uint   // log2 of blocks per cluster
	generation uint32 // i_fs_generation: all blocks of one mkfs run carry the same
	metaECC    bool
	indexed    bool
}

// read returns block number n. what says in errors which block it was to be.
func (d *disk) read(n uint64, what string) ([]byte, error) {
	if n <= superBlockNumber || n >= d.blocks {
		return nil, corrupt("read "+what, NoBlock, "block number %d is outside of the volume's %d blocks", n, d.blocks)
	}
	block := make([]byte, d.blockSize)
	if err := readFull(d.r, block, int64(n)*int64(d.blockSize)); err != nil {
		return nil, readError("read "+what, int64(n), err)
	}
	return block, nil
}

// readInode returns the inode in block n after the checks that the kernel does.
//
// ocfs2_validate_inode_block in fs/ocfs2/inode.c.
func (d *disk) readInode(n uint64, what string) ([]byte, error) {
	op := "read " + what
	inode, err := d.read(n, what)
	if err != nil {
		return nil, err
	}
	if d.metaECC && !verifyCheck(inode, inodeCheck) {
		return nil, corrupt(op, n, "block checksum does not match")
	}
	if got := string(inode[:len(inodeSignature)]); got != inodeSignature {
		return nil, corrupt(op, n, "signature %q instead of %q", got, inodeSignature)
	}
	if got := u64(inode, inodeBlock); got != n {
		return nil, corrupt(op, n, "inode says it is block %d", got)
	}
	if got := u32(inode, inodeFSGeneration); got != d.generation {
		return nil, corrupt(op, n, "generation %#x instead of the volume's %#x", got, d.generation)
	}
	if u32(inode, inodeFlags)&inodeValid == 0 {
		return nil, corrupt(op, n, "inode is not in use (flags %#x)", u32(inode, inodeFlags))
	}
	return inode, nil
}

// readFull fills p from offset; a device that ends too early gives io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readError tells a volume that ends too early from a device that fails.
func readError(op string, block int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Op: op, Block: block, Found: "the device ends before it", Err: ErrCorrupt}
	}
	return &Error{Op: op, Block: block, Err: err}
}

// corrupt makes the error for a block whose contents cannot be. block is NoBlock
// or a block number.
func corrupt[N int | uint64](op string, block N, format string, args ...any) error {
	return &Error{Op: op, Block: int64(block), Found: fmt.Sprintf(format, args...), Err: ErrCorrupt}
}

func u16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func u64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
