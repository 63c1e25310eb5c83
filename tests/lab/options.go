// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"strconv"
	"time"
)

// Option changes what Start makes.
type Option func(*config) error

// config is what Start makes; newConfig has the defaults.
type config struct {
	nodes      int
	disks      []diskSpec
	memory     int64 // bytes a node
	qemu       bool
	processors int
	bootLimit  time.Duration
	runLimit   time.Duration
	rootSize   int64 // bytes of the disk that keeps what a node writes to its root; 0: memory
}

type diskSpec struct {
	name string
	size int64
}

// maxNodes keeps the addresses in 10.9.0.0/24 and the memory of a test within reason.
const maxNodes = 32

// maxDisks is how many disks the kernel can be given (ubd0 to ubd15: MAX_DEV in
// arch/um/drivers/ubd_kern.c).
const maxDisks = 16

func newConfig(options []Option) (*config, error) {
	c := &config{nodes: 2, runLimit: 2 * time.Minute}
	for _, o := range options {
		if err := o(c); err != nil {
			return nil, err
		}
	}
	if c.memory == 0 {
		c.memory = 256 << 20
		if c.qemu {
			c.memory = 512 << 20
		}
	}
	if c.bootLimit == 0 {
		c.bootLimit = time.Minute
		if c.qemu {
			c.bootLimit = 4 * time.Minute
		}
	}
	if c.processors > 1 && !c.qemu {
		return nil, fmt.Errorf("%d processors a node: User Mode Linux has one, add lab.QEMU()", c.processors)
	}
	if c.processors == 0 {
		c.processors = 1
	}
	return c, nil
}

// Nodes sets how many nodes there are, 1 to 32. The default is 2.
func Nodes(n int) Option {
	return func(c *config) error {
		if n < 1 || n > maxNodes {
			return fmt.Errorf("%d nodes: there can be 1 to %d", n, maxNodes)
		}
		c.nodes = n
		return nil
	}
}

// Disk adds a disk that all nodes share, made of zeros. The name is for people and
// for DiskFile's file name; the size is a number of bytes with an optional K, M or
// G (powers of 1024) and a multiple of 512. It is a sparse file.
func Disk(name, size string) Option {
	return func(c *config) error {
		n, err := parseSize(size)
		if err != nil {
			return fmt.Errorf("disk %q: %w", name, err)
		}
		if n%512 != 0 {
			return fmt.Errorf("disk %q: size %s is not a multiple of 512", name, size)
		}
		if len(c.disks) == maxDisks {
			return fmt.Errorf("disk %q: there can be %d", name, maxDisks)
		}
		c.disks = append(c.disks, diskSpec{name: name, size: n})
		return nil
	}
}

// Memory sets the memory of a node, as a size like Disk's. The default is 256M,
// with QEMU 512M. What the guest writes to its root counts against it.
func Memory(size string) Option {
	return func(c *config) error {
		n, err := parseSize(size)
		if err != nil {
			return fmt.Errorf("memory: %w", err)
		}
		if n < 64<<20 {
			return fmt.Errorf("memory: %s is less than 64M, which does not boot", size)
		}
		c.memory = n
		return nil
	}
}

// KeepRoot gives every node a disk of that size, as Disk has it, for what it writes
// to its root: it is still there when the node boots again.
func KeepRoot(size string) Option {
	return func(c *config) error {
		n, err := parseSize(size)
		if err != nil {
			return fmt.Errorf("root: %w", err)
		}
		if n < 16<<20 {
			return fmt.Errorf("root: %s is less than 16M, which no file system with a journal fits", size)
		}
		c.rootSize = n
		return nil
	}
}

// QEMU boots the distribution's stock kernel in QEMU's software emulation instead
// of User Mode Linux: with debugfs, several processors and the very kernel that
// users run, but five times slower. It needs no hardware acceleration.
func QEMU() Option {
	return func(c *config) error {
		c.qemu = true
		return nil
	}
}

// Processors sets the number of processors of a node; more than one needs QEMU.
// The default is 1.
func Processors(n int) Option {
	return func(c *config) error {
		if n < 1 || n > 8 {
			return fmt.Errorf("%d processors: there can be 1 to 8", n)
		}
		c.processors = n
		return nil
	}
}

// BootLimit sets how long a node may take from power on to its first command,
// after which the test fails. The default is a minute, with QEMU four.
func BootLimit(d time.Duration) Option {
	return func(c *config) error {
		c.bootLimit = d
		return nil
	}
}

// RunLimit sets how long a command may take that sets no Limit of its own, after
// which the test fails. The default is two minutes.
func RunLimit(d time.Duration) Option {
	return func(c *config) error {
		c.runLimit = d
		return nil
	}
}

// parseSize reads a number of bytes with an optional K, M or G.
func parseSize(text string) (int64, error) {
	digits, unit := text, int64(1)
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'K':
			digits, unit = text[:n-1], 1<<10
		case 'M':
			digits, unit = text[:n-1], 1<<20
		case 'G':
			digits, unit = text[:n-1], 1<<30
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("size %q is not a number of bytes with an optional K, M or G", text)
	}
	return n * unit, nil
}
