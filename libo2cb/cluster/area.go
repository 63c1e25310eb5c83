// SPDX-License-Identifier: Apache-2.0

package cluster

// Area is where on its device a heartbeat region lies. Node n owns the block
// StartBlock+n.
//
// The attributes of a region in configfs; o2hb_region in fs/ocfs2/cluster/heartbeat.c.
type Area struct {
	BlockBytes int    `json:"block_bytes"` // the device's logical sector size: 512, 1024, 2048 or 4096
	StartBlock uint64 `json:"start_block"` // in units of BlockBytes; the kernel refuses 0
	Blocks     int    `json:"blocks"`      // 1..MaxNodes
}
