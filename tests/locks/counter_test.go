// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// blockSize is what one read or write of the shared disk moves, past all caches.
const blockSize = 4096

// counter is a number in the first block of a disk that all nodes share. It is
// not protected: two nodes that add at the same time lose one.
type counter struct {
	disk *os.File
}

func openCounter(disk string) (*counter, error) {
	f, err := os.OpenFile(disk, os.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return nil, err
	}
	return &counter{f}, nil
}

// add adds one to the number in the first block.
func (c *counter) add() error { return c.addAt(0) }

// addAt adds one to the number in the block at an offset.
func (c *counter) addAt(offset int64) error {
	return c.block(offset, func(block []byte) error {
		binary.LittleEndian.PutUint64(block, binary.LittleEndian.Uint64(block)+1)
		_, err := c.disk.WriteAt(block, offset)
		return err
	})
}

// at returns the number in the block at an offset.
func (c *counter) at(offset int64) (n uint64, err error) {
	err = c.block(offset, func(block []byte) error {
		n = binary.LittleEndian.Uint64(block)
		return nil
	})
	return n, err
}

// block reads a block. Each call has its own buffer, aligned as O_DIRECT wants it.
func (c *counter) block(offset int64, use func(block []byte) error) error {
	block, err := unix.Mmap(-1, 0, blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer unix.Munmap(block)
	if _, err := c.disk.ReadAt(block, offset); err != nil {
		return err
	}
	return use(block)
}

// count RESOURCE DISK GOROUTINES TIMES [exclusive only] adds one to the counter so
// many times in all, shared out among the goroutines.
func count(d *libo2dlm.Domain, args []string) error {
	if len(args) > 4 {
		only, err := libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{ExclusiveOnly: true})
		if err != nil {
			return err
		}
		return errors.Join(count(only, args[:4]), only.Close())
	}
	goroutines, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	c, err := openCounter(args[1])
	if err != nil {
		return err
	}
	defer c.disk.Close()

	errs := make(chan error, goroutines)
	var all sync.WaitGroup
	for i := range goroutines {
		share := share(times, goroutines, i)
		all.Go(func() { errs <- addLocked(d, args[0], c, share) })
	}
	all.Wait()
	for range goroutines {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// share returns what part i of n gets of a total.
func share(total, n, i int) int {
	return total*(i+1)/n - total*i/n
}

func addLocked(d *libo2dlm.Domain, resource string, c *counter, times int) error {
	for range times {
		h, err := d.Lock(context.Background(), resource, libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		if err := c.add(); err != nil {
			return err
		}
		if err := h.Release(); err != nil {
			return err
		}
	}
	return nil
}
