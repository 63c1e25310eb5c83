// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

// TestCodePosition compares with the definition: data bits take the positions
// from 1 on that are no power of two.
func TestCodePosition(t *testing.T) {
	position := uint32(0)
	for i := range uint32(maxBlockSize * 8) {
		for position++; bits.OnesCount32(position) == 1; position++ {
		}
		if got := codePosition(i); got != position {
			t.Fatalf("data bit %d: position %d, want %d", i, got, position)
		}
		block := make([]byte, maxBlockSize)
		flipCodeBit(block, position)
		if block[i/8] != 1<<(i%8) {
			t.Fatalf("position %d does not flip data bit %d", position, i)
		}
	}
}

func TestFlipCodeBitOutside(t *testing.T) {
	for _, position := range []uint32{0, 1, 2, 1 << 15, 1 << 31, 0xffff, 0xffffffff} {
		block := make([]byte, minBlockSize)
		if flipCodeBit(block, position); !bytes.Equal(block, make([]byte, minBlockSize)) {
			t.Errorf("position %#x changes a block of %d bytes", position, minBlockSize)
		}
	}
}

// checked are the blocks of a volume with metaecc that Read looks at.
func checked(e *editor) map[string]struct {
	block []byte
	at    int
} {
	return map[string]struct {
		block []byte
		at    int
	}{
		"superblock":       {e.super(), inodeCheck},
		"system directory": {e.systemDir(), inodeCheck},
		"directory block":  {e.dirBlock(), e.size - trailerSize + trailerCheck},
		"heartbeat inode":  {e.heartbeat(), inodeCheck},
	}
}

// A single wrong bit is repaired as the kernel does, in memory only.
func TestSingleBitRepaired(t *testing.T) {
	want := fixtures()["metaecc-512"]
	for what := range checked(edit(t, "metaecc-512", 512)) {
		bits := []int{0x1f7 * 8, 0x60*8 + 7, 0x100 * 8}
		if what != "superblock" { // whose signature is what it is found by
			bits = append(bits, 8)
		}
		for _, bit := range bits {
			e := edit(t, "metaecc-512", 512)
			c := checked(e)[what]
			c.block[bit/8] ^= 1 << (bit % 8)
			before := slices.Clone(e.image)
			v, err := Read(bytes.NewReader(e.image), 512)
			if err != nil || *v != want {
				t.Errorf("%s with bit %d flipped: %+v, %v", what, bit, v, err)
			}
			if !bytes.Equal(e.image, before) {
				t.Fatalf("%s: reading changed the volume", what)
			}
		}
	}
}

func TestTwoBitsRefused(t *testing.T) {
	for what := range checked(edit(t, "metaecc-512", 512)) {
		e := edit(t, "metaecc-512", 512)
		c := checked(e)[what]
		c.block[0x30] ^= 0x81
		if _, err := Read(bytes.NewReader(e.image), 512); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("%s with two bits flipped: error %v", what, err)
		}
	}
}

// The checksums that seal makes are those of mkfs.ocfs2.
func TestSealMatchesMkfs(t *testing.T) {
	e := edit(t, "metaecc-512", 512)
	for what, c := range checked(e) {
		before := slices.Clone(c.block)
		if seal(c.block, c.at); !bytes.Equal(c.block, before) {
			t.Errorf("%s: check %x, mkfs.ocfs2 wrote %x", what, c.block[c.at:][:6], before[c.at:][:6])
		}
	}
}
