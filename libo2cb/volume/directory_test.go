// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// treeBlock is a block behind the heartbeat area, free in a new volume.
const treeBlock = 580

// withTree turns the extent list of the system directory of classic-1024 into a
// tree of depth 1 with one leaf.
func withTree(tb testing.TB) *editor {
	e := edit(tb, "classic-1024", 1024)
	dir, leaf := e.systemDir(), e.block(treeBlock)
	copy(leaf, extentSignature)
	put32(leaf, extentFSGeneration, u32(e.super(), inodeFSGeneration))
	put64(leaf, extentBlock, treeBlock)
	put16(leaf, extentList+listCount, 10)
	put16(leaf, extentList+listUsed, 1)
	copy(leaf[extentList+listRecords:], dir[inodeBody+listRecords:][:recordSize])
	put16(dir, inodeBody+listDepth, 1)
	put64(dir, inodeBody+listRecords+recordBlock, treeBlock)
	return e
}

func TestSystemDirectoryTree(t *testing.T) {
	e := withTree(t)
	v, err := Read(bytes.NewReader(e.image), 512)
	if err != nil {
		t.Fatal(err)
	}
	if want := fixtures()["classic-1024"]; *v != want {
		t.Errorf("got  %+v\nwant %+v", *v, want)
	}
}

func TestSystemDirectoryTreeDamaged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(dir, leaf []byte)
		text   string
	}{
		{"number", func(_, leaf []byte) { put64(leaf, extentBlock, 1) }, "it is block 1"},
		{"generation", func(_, leaf []byte) { put32(leaf, extentFSGeneration, 1) }, "generation 0x1 "},
		{"count", func(_, leaf []byte) { put16(leaf, extentList+listCount, 1000) }, "room is for 60"},
		{"loop", func(_, leaf []byte) {
			put16(leaf, extentList+listDepth, 1)
			put64(leaf, extentList+listRecords+recordBlock, treeBlock)
		}, "depth 1 where 0 was expected"},
		{"deeper than it says", func(dir, _ []byte) { put16(dir, inodeBody+listDepth, 9) }, "depth 0 where 8 was expected"},
		{"outside", func(dir, _ []byte) { put64(dir, inodeBody+listRecords+recordBlock, 1<<50) }, "outside of the volume"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := withTree(t)
			tt.damage(e.systemDir(), e.block(treeBlock))
			_, err := Read(bytes.NewReader(e.image), 512)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want ErrCorrupt with %q in it", err, tt.text)
			}
		})
	}
}

// counting counts reads.
type counting struct {
	*bytes.Reader
	reads int
}

func (c *counting) ReadAt(p []byte, offset int64) (int, error) {
	c.reads++
	return c.Reader.ReadAt(p, offset)
}

// A tree whose nodes all point at one another's children could be read for ever.
func TestSystemDirectoryTreeBudget(t *testing.T) {
	e := edit(t, "classic-1024", 1024)
	dir := e.systemDir()
	put16(dir, inodeBody+listDepth, 3)
	put64(dir, inodeBody+listRecords+recordBlock, treeBlock)
	for depth := range 3 {
		n := uint64(treeBlock + depth)
		node := e.block(n)
		copy(node, extentSignature)
		put32(node, extentFSGeneration, u32(e.super(), inodeFSGeneration))
		put64(node, extentBlock, n)
		put16(node, extentList+listDepth, uint16(2-depth))
		put16(node, extentList+listCount, 60)
		put16(node, extentList+listUsed, 60)
		for i := range 60 {
			record := node[extentList+listRecords+i*recordSize:]
			put16(record, recordLeafClusters, 1)
			put64(record, recordBlock, n+1)
		}
	}
	r := &counting{Reader: bytes.NewReader(e.image)}
	_, err := Read(r, 512)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "more than 256 blocks") {
		t.Errorf("error %v, want ErrCorrupt about the size of the tree", err)
	}
	if r.reads > maxExtentBlocks+10 {
		t.Errorf("%d reads", r.reads)
	}
}

func TestTrailerDamaged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(trailer []byte)
		text   string
	}{
		{"signature", func(trailer []byte) { trailer[trailerMagic] = 'X' }, `trailer signature "XIRTRL1`},
		{"block", func(trailer []byte) { put64(trailer, trailerBlock, 5) }, "trailer of block 5 "},
		{"directory", func(trailer []byte) { put64(trailer, trailerParent, 5) }, "in directory 5 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := edit(t, "metaecc-512", 512)
			block := e.dirBlock()
			tt.damage(block[len(block)-trailerSize:])
			seal(block, len(block)-trailerSize+trailerCheck)
			_, err := Read(bytes.NewReader(e.image), 512)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want ErrCorrupt with %q in it", err, tt.text)
			}
		})
	}
}
