// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// kernelBlock is the block that the kernel of a node writes: struct
// o2hb_disk_heartbeat_block with crc32_le(0, …) over all of it. lib/crc32.c.
func kernelBlock(s volume.Slot, size int) []byte {
	b := make([]byte, size)
	binary.LittleEndian.PutUint64(b[0x00:], s.Sequence)
	b[0x08] = byte(s.Node)
	binary.LittleEndian.PutUint64(b[0x10:], s.Generation)
	binary.LittleEndian.PutUint32(b[0x18:], uint32(s.DeadTime.Milliseconds()))
	var crc uint32
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ 0xedb88320*(crc&1)
		}
	}
	binary.LittleEndian.PutUint32(b[0x0c:], crc)
	return b
}

// beat writes the blocks of nodes into the heartbeat area of a volume.
func beat(tb testing.TB, device string, slots ...volume.Slot) {
	tb.Helper()
	v, err := volume.Open(device)
	if err != nil {
		tb.Fatal(err)
	}
	f, err := os.OpenFile(device, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for _, s := range slots {
		at := (int64(v.Area.StartBlock) + int64(s.Number)) * int64(v.Area.BlockBytes)
		if _, err := f.WriteAt(kernelBlock(s, v.Area.BlockBytes), at); err != nil {
			tb.Fatal(err)
		}
	}
}

// slot is the block of a node that beats.
func slot(node int, sequence uint64) volume.Slot {
	return volume.Slot{Number: node, Node: node, Sequence: sequence, Generation: 7, DeadTime: 62 * time.Second, Valid: true}
}

func TestBlocks(t *testing.T) {
	device, region := newVolume(t)
	blocks, err := OpenBlocks(device, strings.ToLower(region))
	if err != nil {
		t.Fatal(err)
	}
	defer blocks.Close()
	if got, err := blocks.Read(); err != nil || len(got) != 0 {
		t.Fatalf("before the first beat: %+v, %v", got, err)
	}
	for sequence := range uint64(2) {
		want := []volume.Slot{slot(0, 100+sequence), slot(254, 200+sequence)}
		beat(t, device, want...)
		if got, err := blocks.Read(); err != nil || !slices.Equal(got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}
	if err := os.Truncate(device, 1<<16); err != nil {
		t.Fatal(err)
	}
	var typed *Error
	if _, err := blocks.Read(); !errors.As(err, &typed) || !errors.Is(err, volume.ErrCorrupt) || typed.Region != strings.ToLower(region) {
		t.Errorf("of a disk that has shrunk: %v", err)
	}
}

func TestOpenBlocksRefused(t *testing.T) {
	device, region := newVolume(t)
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		device, region string
		want           error
	}{
		{device, newRegion(t), ErrOtherVolume},
		{filepath.Join(dir, "missing"), region, unix.ENOENT},
		{dir, region, unix.ENOTBLK},
		{empty, region, volume.ErrNotOCFS2},
	} {
		_, err := OpenBlocks(c.device, c.region)
		var typed *Error
		if !errors.Is(err, c.want) || !errors.As(err, &typed) || typed.Device != c.device {
			t.Errorf("OpenBlocks(%s) = %v, want %v", c.device, err, c.want)
		}
	}
}

// The child says what is wrong as often as it is asked, and looks again each time.
func TestServeBlocks(t *testing.T) {
	device, region := newVolume(t)
	beat(t, device, slot(3, 100))
	elsewhere := device + ".away"
	in, questions := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- ServeBlocks(device, region, in, out) }()
	reader := &BlockReader{questions: questions, answers: make(chan received, 1)}
	go reader.receive(answers)
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}

	move(device, elsewhere)
	for range 2 {
		if _, err := reader.Read(t.Context()); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), device) {
			t.Errorf("without a device: %v", err)
		}
	}
	move(elsewhere, device)
	if r, err := reader.Read(t.Context()); err != nil || !slices.Equal(r.Slots, []volume.Slot{slot(3, 100)}) || r.At.IsZero() {
		t.Errorf("got %+v, %v", r, err)
	}
	if err := questions.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("at the end of the questions: %v", err)
	}
	out.Close()
	if _, ok := <-reader.answers; ok {
		t.Error("an answer that nobody asked for")
	}
}

// FuzzBlocks lays any bytes into a heartbeat area. What comes out is in order and
// within bounds, and a block that counts as valid is what the kernel would write
// for these values, apart from bytes that the kernel does not look at.
func FuzzBlocks(f *testing.F) {
	f.Add(kernelBlock(slot(0, 1700000000), 512), false)
	f.Add(append(kernelBlock(slot(0, 1), 4096), kernelBlock(volume.Slot{Node: 1, Sequence: 1 << 63}, 4096)...), true)
	f.Fuzz(func(t *testing.T, area []byte, large bool) {
		a := cluster.Area{BlockBytes: 512, StartBlock: 1}
		if large {
			a.BlockBytes = 4096
		}
		a.Blocks = min(len(area)/a.BlockBytes, cluster.MaxNodes)
		device := append(make([]byte, a.BlockBytes), area...)
		slots, err := volume.ReadSlots(bytes.NewReader(device), a)
		if (err != nil) != (a.Blocks == 0) {
			t.Fatalf("%d blocks: %v", a.Blocks, err)
		}
		last := -1
		for _, s := range slots {
			if s.Number <= last || s.Number >= a.Blocks || s.Node < 0 || s.Node > 255 || s.DeadTime < 0 {
				t.Errorf("after block %d: %+v", last, s)
			}
			last = s.Number
			block := area[s.Number*a.BlockBytes:][:a.BlockBytes]
			if zeros := bytes.Count(block[0x1c:], []byte{0}) == a.BlockBytes-0x1c && bytes.Equal(block[9:12], []byte{0, 0, 0}); !zeros {
				continue // no kernel's
			}
			if same := bytes.Equal(block, kernelBlock(s, a.BlockBytes)); same != s.Valid {
				t.Errorf("%+v: the kernel writes the same is %v", s, same)
			}
		}
		var old age
		for _, s := range slots {
			at := time.Unix(1700000000, 0)
			old.note(s, at)
			if e := old.elapsed(at, at); e < 0 {
				t.Errorf("%+v is %v old", s, e)
			}
		}
	})
}
