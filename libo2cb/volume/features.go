// SPDX-License-Identifier: Apache-2.0

package volume

// Features are the three feature sets of a superblock, as they stand on the disk.
//
// OCFS2_FEATURE_* in fs/ocfs2/ocfs2_fs.h.
type Features struct {
	Compat   uint32 // a kernel that does not know a bit can mount the volume
	Incompat uint32 // … cannot
	ROCompat uint32 // … can read-only
}

// Bits of Features.Incompat that decide how a volume is used or read.
const (
	IncompatHeartbeatDevice = 0x0002 // OCFS2_FEATURE_INCOMPAT_HEARTBEAT_DEV: heartbeat area only, no file system
	IncompatLocalMount      = 0x0008 // OCFS2_FEATURE_INCOMPAT_LOCAL_MOUNT: one node at a time, no cluster, no heartbeat
	IncompatUserspaceStack  = 0x0080 // OCFS2_FEATURE_INCOMPAT_USERSPACE_STACK: cluster information names pcmk or cman
	IncompatIndexedDirs     = 0x0400 // OCFS2_FEATURE_INCOMPAT_INDEXED_DIRS: directory blocks may end in a trailer
	IncompatMetaECC         = 0x0800 // OCFS2_FEATURE_INCOMPAT_META_ECC: blocks carry CRC-32 and Hamming code
	IncompatClusterInfo     = 0x4000 // OCFS2_FEATURE_INCOMPAT_CLUSTERINFO: cluster information also for o2cb
)

// knownIncompat is every incompatible feature that exists up to Linux 6.12:
// 0x0002 HEARTBEAT_DEV up to 0x8000 APPEND_DIO. None of them moves what this
// package reads.
const knownIncompat = 0xfffe

// Has reports whether all the given bits of Incompat are set.
func (f Features) Has(incompat uint32) bool { return f.Incompat&incompat == incompat }

// hasClusterInfo says whether s_cluster_info means anything.
//
// ocfs2_clusterinfo_valid in fs/ocfs2/ocfs2.h.
func (f Features) hasClusterInfo() bool {
	return f.Incompat&(IncompatUserspaceStack|IncompatClusterInfo) != 0
}
