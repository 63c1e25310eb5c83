// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Slot is the last heartbeat that one node wrote.
//
// struct o2hb_disk_heartbeat_block in fs/ocfs2/cluster/ocfs2_heartbeat.h,
// o2hb_prepare_block in fs/ocfs2/cluster/heartbeat.c.
type Slot struct {
	Number int // which block of the area it is: the number of the node that owns it
	Node   int // the node that says it wrote it; equal to Number unless two clusters share a disk

	// Sequence changes with each beat, every two seconds. It is the writer's
	// clock in seconds since 1970, so clocks that differ do no harm.
	Sequence uint64
	// Generation is random for each start of the region, 0 after an orderly stop.
	Generation uint64
	// DeadTime is the time without a beat after which this node is taken for
	// dead, as it is configured there. Must be the same on all nodes.
	DeadTime time.Duration
	// Valid says that the checksum matches. The kernel takes no notice of a block without.
	Valid bool
}

// Offsets in struct o2hb_disk_heartbeat_block.
const (
	slotSequence   = 0x00 // hb_seq, u64
	slotNode       = 0x08 // hb_node, u8
	slotChecksum   = 0x0c // hb_cksum, u32
	slotGeneration = 0x10 // hb_generation, u64
	slotDeadMillis = 0x18 // hb_dead_ms, u32
)

// ReadSlots reads the heartbeat blocks of all nodes that ever beat in area a of
// the device r, by ascending number. Blocks of zeros are left out.
//
// One reading does not say who beats: compare two with Beating. r must not
// answer from a cache, or it never changes: use OpenDevice.
//
// The error is an *Error: ErrCorrupt when a or the device is too small, or what r answered.
func ReadSlots(r io.ReaderAt, a cluster.Area) ([]Slot, error) {
	const op = "read heartbeat blocks"
	if a.BlockBytes < minBlockSize || a.BlockBytes > maxBlockSize || a.Blocks < 1 || a.Blocks > cluster.MaxNodes || a.StartBlock == 0 || a.StartBlock > 1<<50 {
		return nil, &Error{Op: op, Block: NoBlock, Found: fmt.Sprintf("area %+v", a), Err: ErrCorrupt}
	}
	area := make([]byte, a.Blocks*a.BlockBytes)
	if err := readFull(r, area, int64(a.StartBlock)*int64(a.BlockBytes)); err != nil {
		return nil, readError(op, NoBlock, err)
	}
	var slots []Slot
	for i := range a.Blocks {
		block := area[i*a.BlockBytes:][:a.BlockBytes]
		if s, written := parseSlot(block); written {
			s.Number = i
			slots = append(slots, s)
		}
	}
	return slots, nil
}

// parseSlot reads one block; written is false when it holds only zeros, whose
// checksum is valid.
func parseSlot(block []byte) (s Slot, written bool) {
	for _, b := range block {
		written = written || b != 0
	}
	s = Slot{
		Node:       int(block[slotNode]),
		Sequence:   u64(block, slotSequence),
		Generation: u64(block, slotGeneration),
		DeadTime:   time.Duration(u32(block, slotDeadMillis)) * time.Millisecond,
		Valid:      slotCRC(block) == u32(block, slotChecksum),
	}
	return s, written
}

// slotCRC is the checksum of a heartbeat block: the kernel's crc32_le(0, block)
// over the whole block with a checksum field of zero. Go's CRC-32 inverts before
// and after, the kernel's does not.
//
// o2hb_compute_block_crc_le in fs/ocfs2/cluster/heartbeat.c.
func slotCRC(block []byte) uint32 {
	const seed = ^uint32(0)
	crc := crc32.Update(seed, crc32.IEEETable, block[:slotChecksum])
	crc = crc32.Update(crc, crc32.IEEETable, make([]byte, 4))
	return ^crc32.Update(crc, crc32.IEEETable, block[slotChecksum+4:])
}

// Beating returns the numbers of the nodes that wrote a valid heartbeat between
// two readings of one area, in ascending order. A node that stopped in order
// (generation 0) is not among them. The readings should be more than two beats,
// four seconds, apart.
func Beating(before, after []Slot) []int {
	last := make(map[int]Slot, len(before))
	for _, s := range before {
		last[s.Number] = s
	}
	var nodes []int
	for _, s := range after {
		old := last[s.Number]
		changed := s.Sequence != old.Sequence || s.Generation != old.Generation
		if s.Valid && s.Generation != 0 && s.Node == s.Number && changed {
			nodes = append(nodes, s.Number)
		}
	}
	return nodes
}
