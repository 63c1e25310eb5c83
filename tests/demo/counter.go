// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// block is the unit of the counter's disk.
const block = 4096

// count adds one to the counter on a disk, so many times, each under the lock.
func count(args []string) int {
	device, times := args[0], args[1]
	if err := increment(context.Background(), device, times); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("added %s\n", times)
	return 0
}

func increment(ctx context.Context, device, times string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	domain, err := libo2dlm.Join(ctx, "demo", nil)
	if err != nil {
		return err
	}
	defer domain.Close()
	for range n {
		hold, err := domain.Lock(ctx, "counter", libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		if err := addOne(device); err != nil {
			return err
		}
		if err := hold.Release(); err != nil {
			return err
		}
	}
	return nil
}

// addOne is deliberately nothing that two programs could do at a time.
func addOne(device string) error {
	// O_DIRECT: each node has a page cache of its own.
	disk, err := os.OpenFile(device, os.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	page, err := unix.Mmap(-1, 0, block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("allocate an aligned block: %w", err)
	}
	defer unix.Munmap(page)
	if _, err := disk.ReadAt(page, 0); err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(page, binary.LittleEndian.Uint64(page)+1)
	_, err = disk.WriteAt(page, 0)
	return err
}

// readCounter reads the counter from the disk's file on the host.
func readCounter(file string) (uint64, error) {
	disk, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer disk.Close()
	var number [8]byte
	if _, err := disk.ReadAt(number[:], 0); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(number[:]), nil
}

// hold takes a lock and keeps it as long as the node lives.
func hold([]string) int {
	ctx := context.Background()
	domain, err := libo2dlm.Join(ctx, "demo", nil)
	if err == nil {
		_, err = domain.Lock(ctx, "flag", libo2dlm.Exclusive)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("held")
	time.Sleep(time.Hour)
	return 0
}
