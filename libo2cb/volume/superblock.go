// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"errors"
	"fmt"
	"io"
)

const opSuper = "read superblock"

// findSuper reads the superblock. Its place depends on the block size, which
// only it knows, so each size is tried from the smallest up, as the kernel does.
// The first signature decides: a superblock that then contradicts itself is
// damage, not a reason to try the next size.
//
// ocfs2_sb_probe in fs/ocfs2/super.c.
func findSuper(r io.ReaderAt) (block []byte, blockSize int, err error) {
	head := make([]byte, minBlockSize)
	if err := readFull(r, head, 0); err != nil {
		return nil, 0, probeError(err, 0)
	}
	for size := minBlockSize; size <= maxBlockSize; size *= 2 {
		block := make([]byte, size)
		if err := readFull(r, block, int64(size)*superBlockNumber); err != nil {
			return nil, 0, probeError(err, size)
		}
		if string(block[:len(superSignature)]) != superSignature {
			continue
		}
		if isOCFS1(head) || u32(head, 4) == ocfs1Major {
			return nil, 0, &Error{Op: opSuper, Block: 0, Found: "the header of OCFS version 1 in front of an OCFS2 superblock", Err: ErrOCFS1}
		}
		return block, size, nil
	}
	if isOCFS1(head) {
		return nil, 0, &Error{Op: opSuper, Block: 0, Found: fmt.Sprintf("signature %q", ocfs1Signature), Err: ErrOCFS1}
	}
	return nil, 0, &Error{Op: opSuper, Block: NoBlock, Found: "no signature \"OCFSV2\" at block 2 for any block size", Err: ErrNotOCFS2}
}

// isOCFS1 looks for the signature in struct ocfs1_vol_disk_hdr, sector 0.
func isOCFS1(head []byte) bool {
	const signature = 8
	return string(head[signature:signature+len(ocfs1Signature)]) == ocfs1Signature
}

// probeError makes the error for a device that cannot be probed: one that is
// too short is simply no volume.
func probeError(err error, blockSize int) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Op: opSuper, Block: NoBlock, Found: fmt.Sprintf("the device ends before byte %d", max(minBlockSize, blockSize*(superBlockNumber+1))), Err: ErrNotOCFS2}
	}
	return &Error{Op: opSuper, Block: NoBlock, Err: err}
}

// checkSuper validates the superblock in block and prepares to read the rest.
//
// ocfs2_verify_volume in fs/ocfs2/super.c, ocfs2_open in libocfs2 of ocfs2-tools.
func checkSuper(block []byte, r io.ReaderAt) (*disk, Features, error) {
	bad := func(format string, args ...any) (*disk, Features, error) {
		return nil, Features{}, corrupt(opSuper, superBlockNumber, format, args...)
	}
	f := Features{Compat: u32(block, superCompat), Incompat: u32(block, superIncompat), ROCompat: u32(block, superROCompat)}
	if f.Has(IncompatMetaECC) && !verifyCheck(block, inodeCheck) {
		return bad("block checksum does not match")
	}
	// A repaired bit may have been one of the features.
	f = Features{Compat: u32(block, superCompat), Incompat: u32(block, superIncompat), ROCompat: u32(block, superROCompat)}
	if major, minor := u16(block, superMajor), u16(block, superMinor); major != majorRevision || minor != minorRevision {
		return nil, f, &Error{Op: opSuper, Block: superBlockNumber, Found: fmt.Sprintf("revision %d.%d instead of %d.%d", major, minor, majorRevision, minorRevision), Err: ErrUnsupported}
	}
	if unknown := f.Incompat &^ uint32(knownIncompat); unknown != 0 {
		return nil, f, &Error{Op: opSuper, Block: superBlockNumber, Found: fmt.Sprintf("unknown incompatible features %#x", unknown), Err: ErrUnsupported}
	}
	blockBits, clusterBits := u32(block, superBlockBits), u32(block, superClusterBits)
	if blockBits > 31 || 1<<blockBits != len(block) {
		return bad("block size bits %d at the place for blocks of %d bytes", blockBits, len(block))
	}
	if clusterBits < minClusterBits || clusterBits > maxClusterBits {
		return bad("cluster size bits %d outside of %d..%d", clusterBits, minClusterBits, maxClusterBits)
	}
	if n := u64(block, inodeBlock); n != superBlockNumber {
		return bad("superblock says it is block %d", n)
	}
	if u64(block, superRootDir) == 0 || u64(block, superSystemDir) == 0 {
		return bad("no root or no system directory")
	}
	if n := u16(block, superMaxSlots); n > maxSlots {
		return bad("%d node slots, at most %d can be", n, maxSlots)
	}
	clusterLog := uint(clusterBits - blockBits)
	return &disk{
		r:          r,
		blockSize:  len(block),
		blocks:     uint64(u32(block, inodeClusters)) << clusterLog,
		clusterLog: clusterLog,
		generation: u32(block, inodeFSGeneration),
		metaECC:    f.Has(IncompatMetaECC),
		indexed:    f.Has(IncompatIndexedDirs),
	}, f, nil
}
