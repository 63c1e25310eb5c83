// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
)

//go:generate testdata/regenerate

// image returns the unpacked head of a volume that mkfs.ocfs2 made.
func image(tb testing.TB, name string) []byte {
	tb.Helper()
	packed, err := os.Open(filepath.Join("testdata", name+".img.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// editor changes one image. Positions are found in the image, so that the tests
// do not depend on where mkfs.ocfs2 put things.
type editor struct {
	tb    testing.TB
	image []byte
	size  int // of a block
}

func edit(tb testing.TB, name string, blockSize int) *editor {
	tb.Helper()
	return &editor{tb: tb, image: image(tb, name), size: blockSize}
}

// block returns block n of the image.
func (e *editor) block(n uint64) []byte {
	e.tb.Helper()
	if (n+1)*uint64(e.size) > uint64(len(e.image)) {
		e.tb.Fatalf("block %d is not in the head that the image keeps", n)
	}
	return e.image[n*uint64(e.size):][:e.size]
}

func (e *editor) super() []byte { return e.block(superBlockNumber) }

func (e *editor) systemDir() []byte { return e.block(u64(e.super(), superSystemDir)) }

// firstExtent is where the extent list of an inode says its first record lies.
func (e *editor) firstExtent(inode []byte) uint64 {
	return u64(inode, inodeBody+listRecords+recordBlock)
}

// dirBlock is the first block of a system directory that is not inline.
func (e *editor) dirBlock() []byte { return e.block(e.firstExtent(e.systemDir())) }

// heartbeat is the inode of the heartbeat file.
func (e *editor) heartbeat() []byte {
	e.tb.Helper()
	name := append([]byte{byte(len(heartbeatFile)), 1}, heartbeatFile...)
	at := bytes.Index(e.image, name)
	if at < 0 {
		e.tb.Fatal("no directory entry for the heartbeat file")
	}
	return e.block(u64(e.image, at-entryNameLen))
}

func put16(p []byte, at int, v uint16) { binary.LittleEndian.PutUint16(p[at:], v) }
func put32(p []byte, at int, v uint32) { binary.LittleEndian.PutUint32(p[at:], v) }
func put64(p []byte, at int, v uint64) { binary.LittleEndian.PutUint64(p[at:], v) }

// seal makes the block check at offset at valid again.
func seal(block []byte, at int) {
	clear(block[at : at+checkSize])
	crc, parity := metaCRC(block), hamming(block)
	put32(block, at+checkCRC, crc)
	put16(block, at+checkECC, uint16(parity))
}
