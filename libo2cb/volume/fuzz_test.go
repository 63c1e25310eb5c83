// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// fuzzBlocks are the blocks of an image that Read looks at, by editor method.
func fuzzBlocks(e *editor) [][]byte {
	dir := e.systemDir()
	blocks := [][]byte{e.super(), dir, e.heartbeat(), e.image[:minBlockSize]}
	if u16(dir, inodeDynFeatures)&dynInlineData == 0 {
		blocks = append(blocks, e.dirBlock())
	}
	return blocks
}

// FuzzRead damages valid volumes. image chooses one, cut shortens it, edits are
// groups of four bytes: block, offset (two bytes), value. With sealed the
// checksums are made valid again, so that what lies behind them is reached.
//
// Whatever comes, Read ends soon, and gives an *Error with a reason or a volume
// whose heartbeat area lies inside the image.
func FuzzRead(f *testing.F) {
	type fixture struct {
		name      string
		blockSize int
	}
	names := []fixture{{"metaecc-512", 512}, {"classic-1024", 1024}, {"local-2048", 2048}, {"global-4096", 4096}}
	images := make([][]byte, len(names))
	for i, n := range names {
		images[i] = image(f, n.name)
		f.Add(uint8(i), uint32(0), false, []byte{})
		f.Add(uint8(i), uint32(0), true, []byte{1, inodeBody + listDepth, 0, 1, 4, 8, 0, 0})
		f.Add(uint8(i), uint32(9000), true, []byte{0, superBlockBits, 0, 11})
	}
	f.Fuzz(func(t *testing.T, choice uint8, cut uint32, sealed bool, edits []byte) {
		n := int(choice) % len(names)
		e := &editor{tb: t, image: bytes.Clone(images[n]), size: names[n].blockSize}
		blocks := fuzzBlocks(e)
		for ; len(edits) >= 4; edits = edits[4:] {
			block := blocks[int(edits[0])%len(blocks)]
			block[int(u16(edits, 1))%len(block)] = edits[3]
		}
		if sealed {
			for _, block := range blocks[:3] {
				seal(block, inodeCheck)
			}
			for _, block := range blocks[4:] {
				seal(block, len(block)-trailerSize+trailerCheck)
			}
		}
		data := e.image
		if cut != 0 {
			data = data[:int(cut)%len(data)]
		}
		r := &counting{Reader: bytes.NewReader(data)}
		v, err := Read(r, 512)
		if limit := maxDirectoryBlocks + maxExtentBlocks + 10; r.reads > limit {
			t.Errorf("%d reads", r.reads)
		}
		if err != nil {
			var typed *Error
			known := errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNotOCFS2) || errors.Is(err, ErrOCFS1) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrSectorSize)
			if !errors.As(err, &typed) || !known || v != nil {
				t.Fatalf("volume %v, error %v", v, err)
			}
			return
		}
		if a := v.Area; a.StartBlock == 0 || a.Blocks != cluster.MaxNodes || (a.StartBlock+uint64(a.Blocks))*uint64(a.BlockBytes) > uint64(len(data)) {
			t.Errorf("area %+v in %d bytes", a, len(data))
		}
		if _, err := ReadSlots(r, v.Area); err != nil {
			t.Error(err)
		}
	})
}
