// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"fmt"
	"io"
	"math/bits"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Volume is what the superblock and the heartbeat file of an OCFS2 volume say.
type Volume struct {
	// Device is the path that Open, Scan or Find opened; empty after Read.
	Device string

	UUID  string // 32 upper-case hexadecimal digits; also the name of its heartbeat region
	Label string // up to 64 bytes, may be empty; any bytes but NUL

	// Stack is the cluster stack that may mount the volume: "o2cb", also when
	// the volume does not say, "pcmk" or "cman"; empty when LocalMount.
	Stack string
	// ClusterName is the cluster that the volume belongs to, up to 16 bytes.
	// Empty is any cluster: a volume made without --cluster-name does not say.
	ClusterName string
	// GlobalHeartbeat says that the nodes beat on the regions of the cluster,
	// not on this volume, unless it is one of these regions.
	GlobalHeartbeat bool
	HeartbeatDevice bool // nothing but a heartbeat area: cannot be mounted
	LocalMount      bool // for one node without a cluster: nobody beats on it

	BlockSize   int // 512, 1024, 2048 or 4096 bytes
	ClusterSize int // allocation unit: a power of two, 4 KiB to 1 MiB
	Clusters    uint32
	MaxSlots    int // how many nodes can mount at the same time; 0 on a heartbeat device
	Features    Features

	// Area is where the nodes beat, in sectors of the device.
	Area cluster.Area
}

// HeartbeatMode returns the mode that the cluster must run in for this volume.
func (v *Volume) HeartbeatMode() cluster.HeartbeatMode {
	if v.GlobalHeartbeat {
		return cluster.GlobalHeartbeat
	}
	return cluster.LocalHeartbeat
}

// Size returns the size of the file system in bytes. The device may be larger.
func (v *Volume) Size() uint64 { return uint64(v.Clusters) * uint64(v.ClusterSize) }

// Read reads a volume from r, which is the whole device from its first byte.
// sectorSize is the device's logical sector size, the unit of Area: 512 for an
// image file, what the ioctl BLKSSZGET says for a block device.
//
// The error is an *Error: ErrNotOCFS2, ErrOCFS1, ErrCorrupt, ErrUnsupported,
// ErrSectorSize, or what r answered. Read allocates a few blocks of at most
// 4 KiB and no more, whatever stands on the device.
func Read(r io.ReaderAt, sectorSize int) (*Volume, error) {
	super, blockSize, err := findSuper(r)
	if err != nil {
		return nil, err
	}
	d, features, err := checkSuper(super, r)
	if err != nil {
		return nil, err
	}
	v := &Volume{
		UUID:            fmt.Sprintf("%X", super[superUUID:][:uuidLength]),
		Label:           text(super[superLabel:][:labelLength]),
		HeartbeatDevice: features.Has(IncompatHeartbeatDevice),
		LocalMount:      features.Has(IncompatLocalMount),
		BlockSize:       blockSize,
		ClusterSize:     1 << u32(super, superClusterBits),
		Clusters:        u32(super, inodeClusters),
		MaxSlots:        int(u16(super, superMaxSlots)),
		Features:        features,
	}
	if err := v.readClusterInfo(super); err != nil {
		return nil, err
	}
	e, err := d.heartbeatExtent(u64(super, superSystemDir))
	if err != nil {
		return nil, err
	}
	if v.Area, err = d.area(e, sectorSize); err != nil {
		return nil, err
	}
	return v, nil
}

// readClusterInfo fills in which stack and which cluster the volume belongs to.
//
// struct ocfs2_cluster_info; ocfs2_initialize_super in fs/ocfs2/super.c, which
// also takes a missing label for the classic stack, and
// ocfs2_cluster_o2cb_global_heartbeat in fs/ocfs2/ocfs2.h.
func (v *Volume) readClusterInfo(super []byte) error {
	if v.LocalMount {
		return nil
	}
	v.Stack = stackO2CB
	if !v.Features.hasClusterInfo() {
		return nil
	}
	stack, name := super[superStack:][:stackLength], text(super[superCluster:][:clusterLength])
	if !printable(stack) {
		return corrupt(opSuper, superBlockNumber, "cluster stack %q", stack)
	}
	if !printable([]byte(name)) {
		return corrupt(opSuper, superBlockNumber, "cluster name %q", name)
	}
	v.Stack, v.ClusterName = string(stack), name
	v.GlobalHeartbeat = v.Stack == stackO2CB && super[superStackFlags]&globalHeartbeat != 0
	return nil
}

// area converts the extent of the heartbeat file into sectors and makes sure
// that the device reaches that far.
func (d *disk) area(e extent, sectorSize int) (cluster.Area, error) {
	const op = "locate heartbeat area"
	if sectorSize < minBlockSize || sectorSize > d.blockSize || bits.OnesCount(uint(sectorSize)) != 1 {
		return cluster.Area{}, &Error{Op: op, Block: NoBlock, Found: fmt.Sprintf("sectors of %d bytes, blocks of %d", sectorSize, d.blockSize), Err: ErrSectorSize}
	}
	if e.blocks < cluster.MaxNodes {
		return cluster.Area{}, corrupt(op, e.block, "an extent of %d blocks, %d nodes need as many", e.blocks, cluster.MaxNodes)
	}
	a := cluster.Area{
		BlockBytes: sectorSize,
		StartBlock: e.block * uint64(d.blockSize/sectorSize),
		Blocks:     cluster.MaxNodes,
	}
	last := make([]byte, sectorSize)
	if err := readFull(d.r, last, int64(a.StartBlock+uint64(a.Blocks)-1)*int64(sectorSize)); err != nil {
		return cluster.Area{}, readError(op, int64(e.block), err)
	}
	return a, nil
}

// text returns the bytes of p up to the first NUL.
func text(p []byte) string {
	before, _, _ := bytes.Cut(p, []byte{0})
	return string(before)
}

// printable reports whether p is ASCII without blanks and control characters.
func printable(p []byte) bool {
	return bytes.IndexFunc(p, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
