// SPDX-License-Identifier: Apache-2.0

package volume

// The on-disk format. All names and offsets are those of
// fs/ocfs2/ocfs2_fs.h; all integers on the disk are little-endian.
const (
	superBlockNumber = 2 // OCFS2_SUPER_BLOCK_BLKNO, in blocks of the volume's own size

	minBlockSize   = 512  // OCFS2_MIN_BLOCKSIZE
	maxBlockSize   = 4096 // OCFS2_MAX_BLOCKSIZE
	minClusterBits = 12   // OCFS2_MIN_CLUSTERSIZE, 4 KiB
	maxClusterBits = 20   // OCFS2_MAX_CLUSTERSIZE, 1 MiB
	maxSlots       = 255  // OCFS2_MAX_SLOTS

	majorRevision = 0  // OCFS2_MAJOR_REV_LEVEL
	minorRevision = 90 // OCFS2_MINOR_REV_LEVEL

	superSignature   = "OCFSV2\x00\x00" // OCFS2_SUPER_BLOCK_SIGNATURE
	inodeSignature   = "INODE01\x00"    // OCFS2_INODE_SIGNATURE
	extentSignature  = "EXBLK01\x00"    // OCFS2_EXTENT_BLOCK_SIGNATURE
	trailerSignature = "DIRTRL1\x00"    // OCFS2_DIR_TRAILER_SIGNATURE
	heartbeatFile    = "heartbeat"      // ocfs2_system_inodes[HEARTBEAT_SYSTEM_INODE]
	ocfs1Signature   = "OracleCFS"      // OCFS1_VOLUME_SIGNATURE, ocfs1_fs_compat.h of ocfs2-tools
	ocfs1Major       = 2                // OCFS1_MAJOR_VERSION
	stackO2CB        = "o2cb"           // OCFS2_CLASSIC_CLUSTER_STACK in fs/ocfs2/ocfs2.h
)

// struct ocfs2_dinode: every inode is one block; the superblock is one too.
const (
	inodeClusters     = 0x14 // i_clusters, u32
	inodeSize         = 0x20 // i_size, u64
	inodeFlags        = 0x2c // i_flags, u32
	inodeBlock        = 0x50 // i_blkno, u64
	inodeFSGeneration = 0x60 // i_fs_generation, u32
	inodeDynFeatures  = 0x76 // i_dyn_features, u16
	inodeCheck        = 0x80 // i_check
	inodeBody         = 0xc0 // id2

	inodeValid       = 0x0001 // OCFS2_VALID_FL
	inodeIsHeartbeat = 0x0200 // OCFS2_HEARTBEAT_FL
	dynInlineData    = 0x0001 // OCFS2_INLINE_DATA_FL
	dynIndexedDir    = 0x0008 // OCFS2_INDEXED_DIR_FL
)

// struct ocfs2_super_block, offsets from the start of its block.
const (
	superMajor       = inodeBody + 0x00 // s_major_rev_level, u16
	superMinor       = inodeBody + 0x02 // s_minor_rev_level, u16
	superCompat      = inodeBody + 0x1c // s_feature_compat, u32
	superIncompat    = inodeBody + 0x20 // s_feature_incompat, u32
	superROCompat    = inodeBody + 0x24 // s_feature_ro_compat, u32
	superRootDir     = inodeBody + 0x28 // s_root_blkno, u64
	superSystemDir   = inodeBody + 0x30 // s_system_dir_blkno, u64
	superBlockBits   = inodeBody + 0x38 // s_blocksize_bits, u32
	superClusterBits = inodeBody + 0x3c // s_clustersize_bits, u32
	superMaxSlots    = inodeBody + 0x40 // s_max_slots, u16
	superLabel       = inodeBody + 0x50 // s_label
	superUUID        = inodeBody + 0x90 // s_uuid
	superStack       = inodeBody + 0xa0 // s_cluster_info.ci_stack
	superStackFlags  = inodeBody + 0xa4 // s_cluster_info.ci_stackflags, u8
	superCluster     = inodeBody + 0xa8 // s_cluster_info.ci_cluster

	labelLength   = 64 // OCFS2_MAX_VOL_LABEL_LEN
	uuidLength    = 16 // OCFS2_VOL_UUID_LEN
	stackLength   = 4  // OCFS2_STACK_LABEL_LEN
	clusterLength = 16 // OCFS2_CLUSTER_NAME_LEN

	globalHeartbeat = 0x01 // OCFS2_CLUSTER_O2CB_GLOBAL_HEARTBEAT
)

// struct ocfs2_extent_list, offsets from its own start.
const (
	listDepth   = 0x00 // l_tree_depth, u16
	listCount   = 0x02 // l_count, u16
	listUsed    = 0x04 // l_next_free_rec, u16
	listRecords = 0x10 // l_recs
	recordSize  = 0x10 // sizeof(struct ocfs2_extent_rec)

	recordStart        = 0x00 // e_cpos, u32
	recordLeafClusters = 0x04 // e_leaf_clusters, u16
	recordBlock        = 0x08 // e_blkno, u64
)

// struct ocfs2_extent_block: an inner node or leaf of an extent tree.
const (
	extentCheck        = 0x08 // h_check
	extentFSGeneration = 0x14 // h_fs_generation, u32
	extentBlock        = 0x18 // h_blkno, u64
	extentList         = 0x30 // h_list
)

// struct ocfs2_inline_data, struct ocfs2_dir_entry and struct
// ocfs2_dir_block_trailer.
const (
	inlineCount = inodeBody + 0x00 // id_count, u16
	inlineData  = inodeBody + 0x08 // id_data

	entryInode   = 0x00 // inode, u64
	entryLength  = 0x08 // rec_len, u16
	entryNameLen = 0x0a // name_len, u8
	entryName    = 0x0c // name; also the smallest entry

	trailerSize   = 0x40 // sizeof(struct ocfs2_dir_block_trailer)
	trailerMagic  = 0x10 // db_signature
	trailerBlock  = 0x28 // db_blkno, u64; the offsets in the header file's comments are wrong from here on
	trailerParent = 0x30 // db_parent_dinode, u64
	trailerCheck  = 0x38 // db_check
)

// struct ocfs2_block_check.
const (
	checkSize = 8 // sizeof
	checkCRC  = 0 // bc_crc32e, u32
	checkECC  = 4 // bc_ecc, u16
)
