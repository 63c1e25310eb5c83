// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// verifyCheck validates the block check that starts at offset at in block, and
// repairs a single flipped bit in the memory copy as the kernel does. It
// reports whether the block is good now.
//
// ocfs2_block_check_validate in fs/ocfs2/blockcheck.c.
func verifyCheck(block []byte, at int) bool {
	var stored [checkSize]byte
	field := block[at : at+checkSize]
	copy(stored[:], field)
	clear(field) // the check is computed over the block with a zeroed check
	defer copy(field, stored[:])

	crc := binary.LittleEndian.Uint32(stored[checkCRC:])
	if metaCRC(block) == crc {
		return true
	}
	fix := hamming(block) ^ uint32(binary.LittleEndian.Uint16(stored[checkECC:]))
	flipCodeBit(block, fix)
	return metaCRC(block) == crc
}

// metaCRC is the kernel's crc32_le(~0, block): CRC-32 IEEE without the final inversion.
func metaCRC(block []byte) uint32 { return ^crc32.ChecksumIEEE(block) }

// hamming is the parity vector of block: the exclusive or of the code positions
// of all bits that are set.
//
// ocfs2_hamming_encode in fs/ocfs2/blockcheck.c.
func hamming(block []byte) uint32 {
	var parity uint32
	for i, b := range block {
		for ; b != 0; b &= b - 1 {
			parity ^= codePosition(uint32(i)*8 + uint32(bits.TrailingZeros8(b)))
		}
	}
	return parity
}

// codePosition is where data bit i stands in the Hamming code: positions count
// from 1, and each power of two is taken by a parity bit.
func codePosition(i uint32) uint32 {
	position := i + 1
	for p := uint32(1); p <= position; p <<= 1 {
		position++
	}
	return position
}

// flipCodeBit inverts the data bit at a code position. A power of two is a
// parity bit and not part of the data, so is a position beyond the block.
func flipCodeBit(block []byte, position uint32) {
	if bits.OnesCount32(position) < 2 {
		return
	}
	// Below position stand as many parity bits as there are powers of two.
	i := position - 1 - uint32(bits.Len32(position))
	if int(i/8) < len(block) {
		block[i/8] ^= 1 << (i % 8)
	}
}
