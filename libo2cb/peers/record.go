// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// RecordSize is the size of an encoded Record: that of a lock's value block.
// DLM_LVB_LEN in fs/ocfs2/dlm/dlmapi.h.
const RecordSize = 64

// Record is what a node publishes of itself.
type Record struct {
	Node   int    // its number, 0..254
	Layout Layout // what runs in its kernel
	// Timing is what runs in its kernel, in whole milliseconds up to 49 days. A
	// fence method that is neither "reset" nor "panic" comes back as "other".
	Timing cluster.Timing
	// File is the digest of the layout in its configuration file; zero when that
	// cannot be read or lacks the cluster.
	File Digest
}

// Why a value block is no Record.
var (
	// ErrEmpty is that all bytes are zero: nothing was published, or it was lost
	// with the node that had read it last.
	ErrEmpty = errors.New("nothing is published")
	// ErrForeign is that something else than a Record is there.
	ErrForeign = errors.New("not a record of o2cb_ctl")
	// ErrVersion is that the record is of another version of this program.
	ErrVersion = errors.New("a record of another version of o2cb_ctl")
	// ErrDamaged is that the checksum is wrong or a value out of its range.
	ErrDamaged = errors.New("a damaged record")
)

const (
	magic   = "o2cp"
	version = 1
)

// Places in an encoded record. Numbers are big-endian.
const (
	atVersion     = 4
	atNode        = 5
	atMode        = 6
	atFence       = 7
	atTiming      = 8 // four numbers of 32 bits
	atNodes       = 24
	atRegions     = 30
	atFile        = 36
	atNodeCount   = 42
	atRegionCount = 43
	atName        = 44
	atChecksum    = 60
)

// Codes of the heartbeat mode in a record.
const (
	codeLocal  = 1
	codeGlobal = 2
)

// fences returns the words for the fence method, in the order of their codes; the
// last stands for all others.
func fences() []string { return []string{"", "reset", "panic", "other"} }

// Encode returns the record as a value block. What does not fit is bounded: see
// the fields.
func (r Record) Encode() [RecordSize]byte {
	var b [RecordSize]byte
	copy(b[:], magic)
	b[atVersion] = version
	b[atNode] = byte(r.Node)
	b[atMode] = codeLocal
	if r.Layout.Mode == cluster.GlobalHeartbeat {
		b[atMode] = codeGlobal
	}
	b[atFence] = fenceCode(r.Timing.FenceMethod)
	for i, n := range []int64{r.Timing.IdleTimeout.Milliseconds(), r.Timing.KeepaliveDelay.Milliseconds(),
		r.Timing.ReconnectDelay.Milliseconds(), int64(r.Timing.DeadThreshold)} {
		binary.BigEndian.PutUint32(b[atTiming+4*i:], uint32(min(max(n, 0), math.MaxUint32)))
	}
	copy(b[atNodes:], r.Layout.Nodes[:])
	copy(b[atRegions:], r.Layout.Regions[:])
	copy(b[atFile:], r.File[:])
	b[atNodeCount] = byte(count(r.Layout.NodeCount))
	b[atRegionCount] = byte(count(r.Layout.RegionCount))
	copy(b[atName:atChecksum], r.Layout.Name)
	seal(&b)
	return b
}

// seal puts the checksum in.
func seal(b *[RecordSize]byte) {
	binary.BigEndian.PutUint32(b[atChecksum:], crc32.ChecksumIEEE(b[:atChecksum]))
}

func fenceCode(method string) byte {
	words := fences()
	if code := slices.Index(words, method); code >= 0 {
		return byte(code)
	}
	return byte(len(words) - 1)
}

// Decode returns the record in a value block. It fails with ErrEmpty, ErrForeign,
// ErrVersion or ErrDamaged.
func Decode(block []byte) (Record, error) {
	var r Record
	switch {
	case len(bytes.Trim(block, "\x00")) == 0:
		return r, ErrEmpty
	case len(block) != RecordSize || string(block[:len(magic)]) != magic:
		return r, ErrForeign
	case binary.BigEndian.Uint32(block[atChecksum:]) != crc32.ChecksumIEEE(block[:atChecksum]):
		return r, ErrDamaged
	case block[atVersion] != version:
		return r, fmt.Errorf("%w: %d, this one knows %d", ErrVersion, block[atVersion], version)
	}
	mode, fence := block[atMode], int(block[atFence])
	if mode != codeLocal && mode != codeGlobal || fence >= len(fences()) || block[atNode] > cluster.MaxNodeNumber {
		return r, ErrDamaged
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint32(block[atTiming+4*i:])) }
	milliseconds := func(i int) time.Duration { return time.Duration(number(i)) * time.Millisecond }
	r.Node = int(block[atNode])
	r.Timing = cluster.Timing{IdleTimeout: milliseconds(0), KeepaliveDelay: milliseconds(1), ReconnectDelay: milliseconds(2),
		DeadThreshold: int(number(3)), FenceMethod: fences()[fence]}
	r.Layout.Mode = cluster.LocalHeartbeat
	if mode == codeGlobal {
		r.Layout.Mode = cluster.GlobalHeartbeat
	}
	copy(r.Layout.Nodes[:], block[atNodes:])
	copy(r.Layout.Regions[:], block[atRegions:])
	copy(r.File[:], block[atFile:])
	r.Layout.NodeCount, r.Layout.RegionCount = int(block[atNodeCount]), int(block[atRegionCount])
	name := block[atName:atChecksum]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	r.Layout.Name = string(name)
	return r, nil
}
