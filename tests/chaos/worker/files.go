// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// blockSize is what one read or write of the disk moves, past all caches.
const blockSize = 4096

// files are registers on a disk that all nodes share, a block each.
type files struct{ disk *os.File }

func openFiles(disk string) (*files, error) {
	f, err := os.OpenFile(disk, os.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return nil, err
	}
	return &files{f}, nil
}

// alignedBlock returns a block at an address that O_DIRECT takes.
func alignedBlock() []byte {
	b, err := unix.Mmap(-1, 0, blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(fmt.Errorf("mmap: %w", err))
	}
	return b
}

func (f *files) read(block []byte, register int) (uint64, error) {
	_, err := f.disk.ReadAt(block, int64(register)*blockSize)
	return binary.LittleEndian.Uint64(block), err
}

func (f *files) write(block []byte, register int, value uint64) error {
	binary.LittleEndian.PutUint64(block, value)
	_, err := f.disk.WriteAt(block, int64(register)*blockSize)
	return err
}
