// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// fixtures are the images of testdata and what mkfs.ocfs2 was told to make.
func fixtures() map[string]Volume {
	return map[string]Volume{
		"metaecc-512": {
			UUID: "52AA69F32F394C6EB28419F786C5BF0C", Label: "data", Stack: "o2cb", ClusterName: "web",
			BlockSize: 512, ClusterSize: 4096, Clusters: 16384, MaxSlots: 2,
			Features: Features{Compat: 3, Incompat: 0xff50, ROCompat: 1},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 296, Blocks: 255},
		},
		"global-4096": {
			UUID: "77D95EF51C0149D2823674FCC162CF8B", Label: "shared", Stack: "o2cb", ClusterName: "web", GlobalHeartbeat: true,
			BlockSize: 4096, ClusterSize: 4096, Clusters: 16384, MaxSlots: 2,
			Features: Features{Compat: 3, Incompat: 0xff50, ROCompat: 1},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 2184, Blocks: 255},
		},
		"classic-1024": {
			UUID: "0123456789ABCDEF0123456789ABCDEF", Stack: "o2cb",
			BlockSize: 1024, ClusterSize: 4096, Clusters: 16384, MaxSlots: 2,
			Features: Features{Compat: 3},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 576, Blocks: 255},
		},
		"heartbeat-512": {
			UUID: "B1F3E0C2A4D5968778695A4B3C2D1E0F", Stack: "o2cb", ClusterName: "web", GlobalHeartbeat: true, HeartbeatDevice: true,
			BlockSize: 512, ClusterSize: 4096, Clusters: 256,
			Features: Features{Compat: 2, Incompat: 0x4102},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 296, Blocks: 255},
		},
		"local-2048": {
			UUID: "00112233445566778899AABBCCDDEEFF", LocalMount: true,
			BlockSize: 2048, ClusterSize: 4096, Clusters: 16384, MaxSlots: 1,
			Features: Features{Compat: 3, Incompat: 0xb758, ROCompat: 1},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 1104, Blocks: 255},
		},
		"pcmk-1024": {
			UUID: "FFEEDDCCBBAA99887766554433221100", Stack: "pcmk", ClusterName: "ha",
			BlockSize: 1024, ClusterSize: 4096, Clusters: 16384, MaxSlots: 2,
			Features: Features{Compat: 3, Incompat: 0xb7d0, ROCompat: 1},
			Area:     cluster.Area{BlockBytes: 512, StartBlock: 568, Blocks: 255},
		},
	}
}

func TestRead(t *testing.T) {
	for name, want := range fixtures() {
		t.Run(name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(image(t, name)), 512)
			if err != nil {
				t.Fatal(err)
			}
			if *got != want {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
		})
	}
}

func TestReadSectorSize(t *testing.T) {
	data := image(t, "global-4096")
	for _, tt := range []struct {
		sector int
		start  uint64 // 0: refused
	}{
		{512, 2184}, {1024, 1092}, {2048, 546}, {4096, 273}, {8192, 0}, {256, 0}, {0, 0}, {-512, 0}, {1536, 0},
	} {
		v, err := Read(bytes.NewReader(data), tt.sector)
		if tt.start == 0 {
			if !errors.Is(err, ErrSectorSize) {
				t.Errorf("sectors of %d bytes: error %v, want ErrSectorSize", tt.sector, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := (cluster.Area{BlockBytes: tt.sector, StartBlock: tt.start, Blocks: 255}); v.Area != want {
			t.Errorf("sectors of %d bytes: area %+v, want %+v", tt.sector, v.Area, want)
		}
	}
}

func TestHeartbeatMode(t *testing.T) {
	for _, tt := range []struct {
		v    Volume
		want cluster.HeartbeatMode
	}{{Volume{}, cluster.LocalHeartbeat}, {Volume{GlobalHeartbeat: true}, cluster.GlobalHeartbeat}} {
		if got := tt.v.HeartbeatMode(); got != tt.want {
			t.Errorf("GlobalHeartbeat %t: mode %q, want %q", tt.v.GlobalHeartbeat, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	v := Volume{ClusterSize: 1 << 20, Clusters: 1<<32 - 1}
	if got, want := v.Size(), uint64(1<<52-1<<20); got != want {
		t.Errorf("size %d, want %d", got, want)
	}
}

// Wherever a volume ends too early, the answer is an error.
func TestReadTruncated(t *testing.T) {
	for name, v := range fixtures() {
		data := image(t, name)
		end := int(v.Area.StartBlock+uint64(v.Area.Blocks)) * v.Area.BlockBytes
		for length := 0; length < end; length += 512 {
			_, err := Read(bytes.NewReader(data[:length]), 512)
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotOCFS2) {
				t.Fatalf("%s cut to %d bytes: error %v", name, length, err)
			}
		}
		if _, err := Read(bytes.NewReader(data[:end]), 512); err != nil {
			t.Errorf("%s cut to the end of its heartbeat area: %v", name, err)
		}
	}
}

func TestReadDamaged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(e *editor)
		want   error
		text   string
	}{
		{"zeros", func(e *editor) { clear(e.image) }, ErrNotOCFS2, "no signature"},
		{"signature", func(e *editor) { e.super()[0] = 'X' }, ErrNotOCFS2, "no signature"},
		{"first OCFS", func(e *editor) { clear(e.image); copy(e.image[8:], "OracleCFS") }, ErrOCFS1, `"OracleCFS"`},
		{"first OCFS over it", func(e *editor) { copy(e.image[8:], "OracleCFS") }, ErrOCFS1, "in front of"},
		{"first OCFS's version", func(e *editor) { put32(e.image, 4, 2) }, ErrOCFS1, "in front of"},
		{"revision", func(e *editor) { put16(e.super(), superMinor, 91) }, ErrUnsupported, "revision 0.91"},
		{"feature", func(e *editor) { put32(e.super(), superIncompat, 0x10000) }, ErrUnsupported, "0x10000"},
		{"block size", func(e *editor) { put32(e.super(), superBlockBits, 12) }, ErrCorrupt, "block 2: block size bits 12"},
		{"block size overflow", func(e *editor) { put32(e.super(), superBlockBits, 1<<31) }, ErrCorrupt, "block size bits"},
		{"cluster size", func(e *editor) { put32(e.super(), superClusterBits, 21) }, ErrCorrupt, "cluster size bits 21"},
		{"cluster below minimum", func(e *editor) { put32(e.super(), superClusterBits, 11) }, ErrCorrupt, "cluster size bits 11"},
		{"own number", func(e *editor) { put64(e.super(), inodeBlock, 3) }, ErrCorrupt, "it is block 3"},
		{"no root", func(e *editor) { put64(e.super(), superRootDir, 0) }, ErrCorrupt, "no root"},
		{"no system directory", func(e *editor) { put64(e.super(), superSystemDir, 0) }, ErrCorrupt, "no system directory"},
		{"slots", func(e *editor) { put16(e.super(), superMaxSlots, 256) }, ErrCorrupt, "256 node slots"},
		{"checksum wanted", func(e *editor) { put32(e.super(), superIncompat, IncompatMetaECC) }, ErrCorrupt, "checksum"},
		{"stack", func(e *editor) { put32(e.super(), superIncompat, IncompatClusterInfo) }, ErrCorrupt, "cluster stack"},
		{"cluster name", func(e *editor) {
			put32(e.super(), superIncompat, IncompatClusterInfo)
			copy(e.super()[superStack:], "o2cb")
			copy(e.super()[superCluster:], "a\nb")
		}, ErrCorrupt, `cluster name "a\nb"`},
		{"empty volume", func(e *editor) { put32(e.super(), inodeClusters, 0) }, ErrCorrupt, "outside of the volume's 0 blocks"},
		{"system directory far away", func(e *editor) { put64(e.super(), superSystemDir, 1<<63) }, ErrCorrupt, "outside of the volume"},
		{"system directory beyond the end", func(e *editor) { put64(e.super(), superSystemDir, 60000) }, ErrCorrupt, "ends before it"},
		{"inode signature", func(e *editor) { e.systemDir()[0] = 'X' }, ErrCorrupt, `signature "XNODE01`},
		{"inode number", func(e *editor) { put64(e.systemDir(), inodeBlock, 4711) }, ErrCorrupt, "block 4711"},
		{"inode generation", func(e *editor) { put32(e.systemDir(), inodeFSGeneration, 1) }, ErrCorrupt, "generation 0x1 "},
		{"inode unused", func(e *editor) { put32(e.systemDir(), inodeFlags, 0) }, ErrCorrupt, "not in use"},
		{"directory size", func(e *editor) { put64(e.systemDir(), inodeSize, 1025) }, ErrCorrupt, "size of 1025 bytes"},
		{"directory too large", func(e *editor) { put64(e.systemDir(), inodeSize, 1<<62) }, ErrCorrupt, "size of"},
		{"directory without extents", func(e *editor) { put16(e.systemDir(), inodeBody+listUsed, 0) }, ErrCorrupt, "extents for 0 of"},
		{"extent count", func(e *editor) { put16(e.systemDir(), inodeBody+listCount, 52) }, ErrCorrupt, "room is for 51"},
		{"extents used", func(e *editor) { put16(e.systemDir(), inodeBody+listUsed, 60) }, ErrCorrupt, "with 60 of"},
		{"extent outside", func(e *editor) { put64(e.systemDir(), inodeBody+listRecords+recordBlock, 1<<40) }, ErrCorrupt, "the volume has"},
		{"extent empty", func(e *editor) { put16(e.systemDir(), inodeBody+listRecords+recordLeafClusters, 0) }, ErrCorrupt, "extent of 0 blocks"},
		{"extent hole", func(e *editor) { put32(e.systemDir(), inodeBody+listRecords+recordStart, 7) }, ErrCorrupt, "a hole"},
		{"tree of nothing", func(e *editor) { put16(e.systemDir(), inodeBody+listDepth, 1) }, ErrCorrupt, `instead of "EXBLK01`},
		{"entry without length", func(e *editor) { put16(e.dirBlock(), entryLength, 0) }, ErrCorrupt, "entry at 0 with a length of 0"},
		{"entry too long", func(e *editor) { put16(e.dirBlock(), entryLength, 2048) }, ErrCorrupt, "length of 2048"},
		{"entry unaligned", func(e *editor) { put16(e.dirBlock(), entryLength, 17) }, ErrCorrupt, "length of 17"},
		{"entry name too long", func(e *editor) { e.dirBlock()[entryNameLen] = 200 }, ErrCorrupt, "name of 200 bytes"},
		{"entry leaves a rest", func(e *editor) { put16(e.dirBlock(), entryLength, 1016) }, ErrCorrupt, "8 bytes after the last entry"},
		{"no heartbeat file", func(e *editor) {
			at := bytes.Index(e.dirBlock(), []byte(heartbeatFile))
			e.dirBlock()[at] = 'H'
		}, ErrCorrupt, `no entry "heartbeat"`},
		{"heartbeat file deleted", func(e *editor) {
			at := bytes.Index(e.dirBlock(), []byte(heartbeatFile))
			put64(e.dirBlock(), at-entryName, 0)
		}, ErrCorrupt, `no entry "heartbeat"`},
		{"heartbeat inode elsewhere", func(e *editor) {
			at := bytes.Index(e.dirBlock(), []byte(heartbeatFile))
			put64(e.dirBlock(), at-entryName, u64(e.super(), superSystemDir))
		}, ErrCorrupt, "not a heartbeat file's"},
		{"heartbeat extent tree", func(e *editor) { put16(e.heartbeat(), inodeBody+listDepth, 1) }, ErrCorrupt, "extent tree of depth 1"},
		{"heartbeat in two pieces", func(e *editor) { put16(e.heartbeat(), inodeBody+listUsed, 2) }, ErrCorrupt, "with 2 records"},
		{"heartbeat file empty", func(e *editor) { put16(e.heartbeat(), inodeBody+listUsed, 0) }, ErrCorrupt, "with 0 records"},
		{"heartbeat file too short", func(e *editor) { put16(e.heartbeat(), inodeBody+listRecords+recordLeafClusters, 63) }, ErrCorrupt, "252 blocks"},
		{"heartbeat file late", func(e *editor) { put32(e.heartbeat(), inodeBody+listRecords+recordStart, 1) }, ErrCorrupt, "starts at block 4"},
		{"heartbeat beyond the end", func(e *editor) { put64(e.heartbeat(), inodeBody+listRecords+recordBlock, 60000) }, ErrCorrupt, "ends before it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := edit(t, "classic-1024", 1024)
			tt.damage(e)
			_, err := Read(bytes.NewReader(e.image), 512)
			var typed *Error
			if !errors.As(err, &typed) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want %q with %q in it", err, tt.want, tt.text)
			}
		})
	}
}

func TestReadDamagedInline(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(inode []byte)
		text   string
	}{
		{"size", func(inode []byte) { put64(inode, inodeSize, 1<<40) }, "of inline data"},
		{"count", func(inode []byte) { put16(inode, inlineCount, 0xffff) }, "of inline data"},
		{"entry", func(inode []byte) { put16(inode, inlineData+entryLength, 4) }, "length of 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := edit(t, "global-4096", 4096)
			tt.damage(e.systemDir())
			seal(e.systemDir(), inodeCheck)
			_, err := Read(bytes.NewReader(e.image), 512)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want ErrCorrupt with %q in it", err, tt.text)
			}
		})
	}
}

// failing answers every read beyond a limit with an errno.
type failing struct {
	r     io.ReaderAt
	limit int64
}

func (f failing) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > f.limit {
		return 0, unix.EIO
	}
	return f.r.ReadAt(p, offset)
}

func TestReadDeviceError(t *testing.T) {
	data, area := image(t, "classic-1024"), fixtures()["classic-1024"].Area
	end := int64(area.StartBlock+uint64(area.Blocks)) * int64(area.BlockBytes)
	for limit := int64(0); limit < end; limit += 512 {
		if _, err := Read(failing{bytes.NewReader(data), limit}, 512); !errors.Is(err, unix.EIO) {
			t.Fatalf("a device that fails from byte %d on: error %v, want EIO", limit, err)
		}
	}
}
