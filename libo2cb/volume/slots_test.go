// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// kernelCRC is the kernel's crc32_le, bit by bit: polynomial 0xedb88320, no
// inversion. lib/crc32.c.
func kernelCRC(crc uint32, p []byte) uint32 {
	for _, b := range p {
		crc ^= uint32(b)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low == 1 {
				crc ^= 0xedb88320
			}
		}
	}
	return crc
}

// beat writes the block that the kernel of a node writes.
func beat(area []byte, a cluster.Area, s Slot) {
	block := area[s.Number*a.BlockBytes:][:a.BlockBytes]
	clear(block)
	put64(block, slotSequence, s.Sequence)
	block[slotNode] = byte(s.Node)
	put64(block, slotGeneration, s.Generation)
	put32(block, slotDeadMillis, uint32(s.DeadTime.Milliseconds()))
	put32(block, slotChecksum, kernelCRC(0, block))
}

func TestReadSlots(t *testing.T) {
	for _, blockBytes := range []int{512, 4096} {
		a := cluster.Area{BlockBytes: blockBytes, StartBlock: 3, Blocks: 255}
		want := []Slot{
			{Number: 0, Node: 0, Sequence: 1700000000, Generation: 0xfedcba9876543210, DeadTime: 62 * time.Second, Valid: true},
			{Number: 7, Node: 7, Sequence: 1700000002, Generation: 0, DeadTime: 62 * time.Second, Valid: true},
			{Number: 254, Node: 9, Sequence: 1, Generation: 1, Valid: true},
		}
		device := make([]byte, (3+255)*blockBytes)
		area := device[3*blockBytes:]
		for _, s := range want {
			beat(area, a, s)
		}
		area[100*blockBytes+17] = 1 // junk without a checksum
		want = slices.Insert(want, 2, Slot{Number: 100, Generation: 1 << 8})
		got, err := ReadSlots(bytes.NewReader(device), a)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("blocks of %d bytes:\ngot  %+v\nwant %+v", blockBytes, got, want)
		}
	}
}

func TestReadSlotsRefused(t *testing.T) {
	good := cluster.Area{BlockBytes: 512, StartBlock: 1, Blocks: 255}
	device := bytes.NewReader(make([]byte, 256*512))
	if got, err := ReadSlots(device, good); err != nil || len(got) != 0 {
		t.Fatalf("empty area: %v, %v", got, err)
	}
	for _, change := range []func(*cluster.Area){
		func(a *cluster.Area) { a.StartBlock = 0 },
		func(a *cluster.Area) { a.StartBlock = 1 << 62 },
		func(a *cluster.Area) { a.StartBlock = 2 }, // one block beyond the end
		func(a *cluster.Area) { a.Blocks = 0 },
		func(a *cluster.Area) { a.Blocks = 256 },
		func(a *cluster.Area) { a.BlockBytes = 0 },
		func(a *cluster.Area) { a.BlockBytes = 1 << 30 },
	} {
		a := good
		change(&a)
		if _, err := ReadSlots(device, a); !errors.Is(err, ErrCorrupt) {
			t.Errorf("area %+v: error %v, want ErrCorrupt", a, err)
		}
	}
	if _, err := ReadSlots(failing{device, 0}, good); !errors.Is(err, unix.EIO) {
		t.Errorf("failing device: error %v, want EIO", err)
	}
}

func TestBeating(t *testing.T) {
	slot := func(n int, sequence, generation uint64) Slot {
		return Slot{Number: n, Node: n, Sequence: sequence, Generation: generation, Valid: true}
	}
	invalid, foreign := slot(5, 9, 9), slot(6, 9, 9)
	invalid.Valid, foreign.Node = false, 7
	before := []Slot{slot(0, 1, 1), slot(1, 1, 1), slot(2, 1, 1), slot(3, 1, 1)}
	after := []Slot{slot(0, 2, 1), slot(1, 1, 1), slot(2, 2, 0), slot(3, 1, 2), slot(4, 1, 1), invalid, foreign}
	if got, want := Beating(before, after), []int{0, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("beating %v, want %v", got, want)
	}
	if got := Beating(after, after); got != nil {
		t.Errorf("twice the same reading: %v beat", got)
	}
}
