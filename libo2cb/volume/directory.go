// SPDX-License-Identifier: Apache-2.0

package volume

const systemDirectory = "system directory"

// maxDirectoryBlocks bounds how much of a directory is read: sixteen times the
// system directory of a volume with all 255 node slots in blocks of 512 bytes.
const maxDirectoryBlocks = 2048

// lookup returns the inode number of name in the system directory, whose inode
// is block n; 0 when there is no such entry.
func (d *disk) lookup(n uint64, name string) (uint64, error) {
	inode, err := d.readInode(n, systemDirectory)
	if err != nil {
		return 0, err
	}
	size, features := u64(inode, inodeSize), u16(inode, inodeDynFeatures)
	// The inode decides, as in the kernel: mkfs.ocfs2 -H can make such a directory
	// without the feature in the superblock, which debugfs.ocfs2 then cannot read.
	if features&dynInlineData != 0 {
		return lookupInline(inode, n, size, name)
	}
	extents, err := d.extents(inode, inodeBody, n, systemDirectory)
	if err != nil {
		return 0, err
	}
	blocks := size / uint64(d.blockSize)
	if size%uint64(d.blockSize) != 0 || blocks == 0 || blocks > maxDirectoryBlocks {
		return 0, corrupt("read "+systemDirectory, n, "a size of %d bytes", size)
	}
	trailer := d.metaECC || d.indexed && features&dynIndexedDir != 0
	return d.lookupExtents(extents, blocks, n, trailer, name)
}

// lookupInline searches a directory that lives in its inode. It has no trailer:
// the inode's own checksum covers it.
func lookupInline(inode []byte, n, size uint64, name string) (uint64, error) {
	room := len(inode) - inlineData
	if count := int(u16(inode, inlineCount)); count > room || size > uint64(count) {
		return 0, corrupt("read "+systemDirectory, n, "%d bytes of inline data of %d, room is for %d", size, count, room)
	}
	return search(inode[inlineData:inlineData+int(size)], n, name)
}

// lookupExtents searches the first blocks blocks of a directory.
func (d *disk) lookupExtents(extents []extent, blocks, dir uint64, trailer bool, name string) (uint64, error) {
	var next uint64
	for _, e := range extents {
		if e.offset != next {
			return 0, corrupt("read "+systemDirectory, dir, "a hole of extents at block %d of the directory", next)
		}
		for ; next < blocks && next < e.offset+e.blocks; next++ {
			found, err := d.searchBlock(e.block+next-e.offset, dir, trailer, name)
			if found != 0 || err != nil {
				return found, err
			}
		}
		if next == blocks {
			return 0, nil
		}
	}
	return 0, corrupt("read "+systemDirectory, dir, "extents for %d of its %d blocks", next, blocks)
}

// searchBlock searches one directory block, which may end in a trailer.
//
// ocfs2_validate_dir_block and ocfs2_check_dir_trailer in fs/ocfs2/dir.c.
func (d *disk) searchBlock(n, dir uint64, trailer bool, name string) (uint64, error) {
	const op = "read " + systemDirectory
	block, err := d.read(n, systemDirectory)
	if err != nil {
		return 0, err
	}
	if !trailer {
		return search(block, n, name)
	}
	at := len(block) - trailerSize
	if d.metaECC && !verifyCheck(block, at+trailerCheck) {
		return 0, corrupt(op, n, "block checksum does not match")
	}
	if got := string(block[at+trailerMagic:][:len(trailerSignature)]); got != trailerSignature {
		return 0, corrupt(op, n, "trailer signature %q instead of %q", got, trailerSignature)
	}
	if self, parent := u64(block, at+trailerBlock), u64(block, at+trailerParent); self != n || parent != dir {
		return 0, corrupt(op, n, "trailer of block %d in directory %d instead of %d", self, parent, dir)
	}
	return search(block[:at], n, name)
}

// search returns the inode that the entries in p have for name, or 0. Block n
// is named in errors.
//
// struct ocfs2_dir_entry; ocfs2_check_dir_entry in fs/ocfs2/dir.c.
func search(p []byte, n uint64, name string) (uint64, error) {
	for at := 0; at < len(p); {
		left := len(p) - at
		if left < entryName {
			return 0, corrupt("read "+systemDirectory, n, "%d bytes after the last entry", left)
		}
		entry := p[at:]
		length, nameLen := int(u16(entry, entryLength)), int(entry[entryNameLen])
		if length < entryName || length%4 != 0 || length > left || entryName+nameLen > length {
			return 0, corrupt("read "+systemDirectory, n, "entry at %d with a length of %d and a name of %d bytes", at, length, nameLen)
		}
		if inode := u64(entry, entryInode); inode != 0 && string(entry[entryName:entryName+nameLen]) == name {
			return inode, nil
		}
		at += length
	}
	return 0, nil
}

// heartbeatExtent returns the single extent of the heartbeat file. The kernel
// writes to the disk below the file system, in one run of sectors, so the file
// has to be in one piece; mkfs.ocfs2 never makes another.
//
// ocfs2_fill_heartbeat_desc in libocfs2 of ocfs2-tools.
func (d *disk) heartbeatExtent(systemDir uint64) (extent, error) {
	const what = "heartbeat file"
	n, err := d.lookup(systemDir, heartbeatFile)
	if err != nil {
		return extent{}, err
	}
	if n == 0 {
		return extent{}, corrupt("read "+systemDirectory, systemDir, "no entry %q", heartbeatFile)
	}
	inode, err := d.readInode(n, what)
	if err != nil {
		return extent{}, err
	}
	if flags := u32(inode, inodeFlags); flags&inodeIsHeartbeat == 0 {
		return extent{}, corrupt("read "+what, n, "flags %#x are not a heartbeat file's", flags)
	}
	if depth, used := u16(inode, inodeBody+listDepth), u16(inode, inodeBody+listUsed); depth != 0 || used != 1 {
		return extent{}, corrupt("read "+what, n, "an extent tree of depth %d with %d records instead of one extent", depth, used)
	}
	list, err := d.extents(inode, inodeBody, n, what)
	if err != nil {
		return extent{}, err
	}
	if list[0].offset != 0 {
		return extent{}, corrupt("read "+what, n, "the extent starts at block %d of the file", list[0].offset)
	}
	return list[0], nil
}
