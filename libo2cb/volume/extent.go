// SPDX-License-Identifier: Apache-2.0

package volume

// extent is a run of blocks of a file.
type extent struct {
	offset uint64 // first block, counted from the start of the file
	block  uint64 // first block on the volume
	blocks uint64
}

// maxExtentBlocks bounds how many blocks of a directory's extent tree are read.
// The largest system directory (255 node slots) has 64 KiB.
const maxExtentBlocks = 256

// extents returns the extents that hang off the list at offset at of block n, in
// order of the file. The tree is followed down to its leaves; its depth has to
// shrink by one at each step, so a loop on the disk ends.
func (d *disk) extents(node []byte, at int, n uint64, what string) ([]extent, error) {
	budget := maxExtentBlocks
	return d.walk(node, at, n, int(u16(node, at+listDepth)), what, &budget)
}

func (d *disk) walk(node []byte, at int, n uint64, depth int, what string, budget *int) ([]extent, error) {
	op := "read " + what
	if got := int(u16(node, at+listDepth)); got != depth {
		return nil, corrupt(op, n, "extent tree of depth %d where %d was expected", got, depth)
	}
	used, capacity := int(u16(node, at+listUsed)), (len(node)-at-listRecords)/recordSize
	if count := int(u16(node, at+listCount)); count > capacity || used > count {
		return nil, corrupt(op, n, "extent list with %d of %d records, room is for %d", used, count, capacity)
	}
	var found []extent
	for i := range used {
		record := node[at+listRecords+i*recordSize:][:recordSize]
		if depth > 0 {
			below, err := d.descend(u64(record, recordBlock), depth-1, what, budget)
			if err != nil {
				return nil, err
			}
			found = append(found, below...)
			continue
		}
		e := extent{
			offset: uint64(u32(record, recordStart)) << d.clusterLog,
			block:  u64(record, recordBlock),
			blocks: uint64(u16(record, recordLeafClusters)) << d.clusterLog,
		}
		if e.block <= superBlockNumber || e.block >= d.blocks || e.blocks == 0 || e.blocks > d.blocks-e.block {
			return nil, corrupt(op, n, "extent of %d blocks at block %d, the volume has %d", e.blocks, e.block, d.blocks)
		}
		found = append(found, e)
	}
	return found, nil
}

// descend reads the extent block n, which is the root of a tree of the given depth.
//
// ocfs2_validate_extent_block in fs/ocfs2/alloc.c.
func (d *disk) descend(n uint64, depth int, what string, budget *int) ([]extent, error) {
	op := "read " + what
	if *budget--; *budget < 0 {
		return nil, corrupt(op, n, "extent tree of more than %d blocks", maxExtentBlocks)
	}
	block, err := d.read(n, what)
	if err != nil {
		return nil, err
	}
	if d.metaECC && !verifyCheck(block, extentCheck) {
		return nil, corrupt(op, n, "block checksum does not match")
	}
	if got := string(block[:len(extentSignature)]); got != extentSignature {
		return nil, corrupt(op, n, "signature %q instead of %q", got, extentSignature)
	}
	if got := u64(block, extentBlock); got != n {
		return nil, corrupt(op, n, "extent block says it is block %d", got)
	}
	if got := u32(block, extentFSGeneration); got != d.generation {
		return nil, corrupt(op, n, "generation %#x instead of the volume's %#x", got, d.generation)
	}
	return d.walk(block, extentList, n, depth, what, budget)
}
