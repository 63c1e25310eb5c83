// SPDX-License-Identifier: Apache-2.0

// Package volume reads OCFS2 volumes from the disk: what a volume is called,
// which cluster it belongs to, and where on it the nodes show that they are
// alive. It needs neither the kernel's ocfs2 module nor any program, writes
// nothing, and works on block devices and on image files alike.
//
// [Read] understands an [io.ReaderAt], [Open] a path, [Scan] and [Find] all
// block devices of a machine. [ReadSlots] reads the heartbeat blocks themselves.
//
// Nothing on a disk is trusted: each length, offset and record is checked
// before use, and a truncated or damaged volume gives an [*Error] that says
// what was found in which block. The format is that of fs/ocfs2/ocfs2_fs.h in
// the kernel's sources, revision 0.90, the only one there is.
//
// When not to use this package:
//   - To learn what is mounted or which region beats on this node: ask the
//     kernel (packages stack and configfs). A volume on a disk says where a
//     heartbeat would be, not that there is one.
//   - To repair or to list files. That is fsck.ocfs2 and debugfs.ocfs2; this
//     package reads the superblock, the system directory and one inode.
//   - To choose between two devices that carry copies of one volume, snapshots
//     for instance. They have the same UUID: Scan shows both, Find returns
//     the first that answers.
package volume
