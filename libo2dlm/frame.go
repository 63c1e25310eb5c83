// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// blockSize is the size of a lock's value block. DLM_LVB_LEN in
// fs/ocfs2/dlm/dlmapi.h, over fs/dlm as well, of which fs/ocfs2/stack_user.c asks as
// much. (DLM_USER_LVB_LEN, 32, is for programs that use fs/dlm without dlmfs.)
const blockSize = 64

// A frame is what this package keeps in the value block:
//
//	 0  magic, 0xD1
//	 1  length of the value
//	 2  flags: 1 there is a value
//	 3  0
//	 4  checksum of all other bytes up to the end of the value: CRC-32 (Castagnoli)
//	 8  generation: the last fencing token
//	16  the value
//
// Numbers are little-endian. A block of zeros has no frame: nobody has written
// it, or its last owner has died.
type frame struct {
	token Token
	value []byte // nil when there is none
	room  int    // bytes that a value may have in this block
}

const (
	frameMagic  = 0xd1
	frameHeader = 16
	flagValue   = 1
)

// MaxValue is how many bytes a value can have: those of the value block that the
// frame leaves.
const MaxValue = blockSize - frameHeader

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	// errBlank is why a block of zeros has no frame.
	errBlank = errors.New("the value block is blank")
)

// parseFrame reads the frame of a block, which is all zeros or shorter when
// there is none. It fails with errBlank, or ErrForeignValue.
func parseFrame(block []byte) (frame, error) {
	f := frame{room: len(block) - frameHeader}
	if isBlank(block) {
		return f, errBlank
	}
	if len(block) < frameHeader || block[0] != frameMagic || block[3] != 0 || block[2]&^flagValue != 0 {
		return f, fmt.Errorf("%w: it starts with % x", ErrForeignValue, block[:min(len(block), 4)])
	}
	n := int(block[1])
	if n > f.room || n > 0 && block[2] == 0 {
		return f, fmt.Errorf("%w: a length of %d bytes", ErrForeignValue, n)
	}
	if sum := binary.LittleEndian.Uint32(block[4:]); sum != checksum(block[:frameHeader+n]) {
		return f, fmt.Errorf("%w: checksum %#x does not match", ErrForeignValue, sum)
	}
	f.token = Token(binary.LittleEndian.Uint64(block[8:]))
	if block[2]&flagValue != 0 {
		f.value = append([]byte{}, block[frameHeader:frameHeader+n]...)
	}
	return f, nil
}

// bytes returns the frame as it is written: all of the block, so that nothing of
// an older value stays behind.
func (f frame) bytes() []byte {
	block := make([]byte, frameHeader+f.room)
	block[0], block[1] = frameMagic, byte(len(f.value))
	if f.value != nil {
		block[2] = flagValue
	}
	binary.LittleEndian.PutUint64(block[8:], uint64(f.token))
	copy(block[frameHeader:], f.value)
	binary.LittleEndian.PutUint32(block[4:], checksum(block[:frameHeader+len(f.value)]))
	return block
}

// checksum sums a frame without the checksum in it.
func checksum(frame []byte) uint32 {
	sum := crc32.Update(0, castagnoli, frame[:4])
	return crc32.Update(sum, castagnoli, frame[8:])
}

func isBlank(block []byte) bool {
	for _, b := range block {
		if b != 0 {
			return false
		}
	}
	return true
}
