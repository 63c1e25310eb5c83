// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// written is one entry of the log that the device-mapper target log-writes keeps.
// It is in the order in which the writes became durable: what the disk had not
// been told to flush comes after what it was told. drivers/md/dm-log-writes.c.
type written struct {
	at    int64 // byte of the device
	data  []byte
	flags uint64
	mark  string
}

// Flags of an entry. drivers/md/dm-log-writes.c.
const (
	flagFlush   = 1 << 0
	flagFUA     = 1 << 1
	flagDiscard = 1 << 2
	flagMark    = 1 << 3
)

// firm tells whether the entry is on the disk before anything that follows it.
func (w written) firm() bool { return w.flags&(flagFlush|flagFUA|flagMark) != 0 }

// readLog reads the log on a device.
func readLog(path string) ([]written, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const magic, version = 0x6a736677736872, 1
	var super struct {
		Magic, Version, Entries uint64
		SectorSize              uint32
	}
	if err := binary.Read(f, binary.LittleEndian, &super); err != nil {
		return nil, err
	}
	if super.Magic != magic || super.Version != version || super.SectorSize == 0 {
		return nil, fmt.Errorf("%s holds no log of writes: %+v", path, super)
	}
	size := int64(super.SectorSize)
	var log []written
	at := size
	for range super.Entries {
		sector := make([]byte, size)
		if _, err := f.ReadAt(sector, at); err != nil {
			return nil, err
		}
		at += size
		var head struct{ Sector, Sectors, Flags, Length uint64 }
		if err := binary.Read(bytes.NewReader(sector), binary.LittleEndian, &head); err != nil {
			return nil, err
		}
		w := written{at: int64(head.Sector) * size, flags: head.Flags}
		switch {
		case head.Flags&flagMark != 0:
			w.mark = string(sector[binary.Size(head):][:head.Length])
		case head.Flags&flagDiscard != 0:
			return nil, fmt.Errorf("the log has a discard, of which the content is anybody's guess")
		case head.Sectors > 0:
			w.data = make([]byte, int64(head.Sectors)*size)
			if _, err := io.ReadFull(io.NewSectionReader(f, at, int64(len(w.data))), w.data); err != nil {
				return nil, err
			}
			at += int64(len(w.data))
		}
		log = append(log, w)
	}
	return log, nil
}

// image is the content of a disk.
type image []byte

func (i image) apply(writes ...written) {
	for _, w := range writes {
		copy(i[w.at:], w.data)
	}
}

// crashes calls check with every content that a disk with this log can have after
// a loss of power: what was flushed, and of the rest, as far as one wants to go
// through it, the first so many writes, all but one, and one alone. done is how
// many marks were set before.
func crashes(base image, log []written, check func(disk image, done int, where string) error) error {
	disk := bytes.Clone(base)
	done := 0
	for start := 0; start < len(log); {
		end := start
		for end < len(log) && !log[end].firm() {
			end++
		}
		if err := subsets(disk, log[start:end], func(disk image, which string) error {
			return check(disk, done, fmt.Sprintf("after %d entries, %s", start, which))
		}); err != nil {
			return err
		}
		disk = bytes.Clone(disk)
		image(disk).apply(log[start:end]...)
		if end < len(log) {
			if log[end].mark != "" && log[end].mark != endMark {
				done++
			}
			image(disk).apply(log[end])
		}
		start = end + 1
		if err := check(disk, done, fmt.Sprintf("after %d entries", start)); err != nil {
			return err
		}
	}
	return nil
}

// endMark is what the target itself appends when it is removed.
const endMark = "dm-log-writes-end"

func subsets(base image, writes []written, check func(disk image, which string) error) error {
	try := func(which string, chosen ...written) error {
		disk := image(bytes.Clone(base))
		disk.apply(chosen...)
		return check(disk, which)
	}
	for i := range writes {
		without := append(append([]written{}, writes[:i]...), writes[i+1:]...)
		for which, chosen := range map[string][]written{
			fmt.Sprintf("with %d more writes", i):           writes[:i],
			fmt.Sprintf("with all but write %d", i+1):       without,
			fmt.Sprintf("with write %d and none more", i+1): writes[i : i+1],
		} {
			if err := try(which, chosen...); err != nil {
				return err
			}
		}
	}
	return nil
}
