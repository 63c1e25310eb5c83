// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
)

// cpio writes an initramfs: a "newc" archive as the kernel reads it
// (Documentation/driver-api/early-userspace/buffer-format.rst). The first error
// sticks and is returned by close.
type cpio struct {
	w    *bufio.Writer
	ino  int
	seen map[string]bool // directories written
	err  error
}

func newCPIO(w io.Writer) *cpio {
	return &cpio{w: bufio.NewWriterSize(w, 1<<20), seen: map[string]bool{".": true}}
}

// add writes a regular file at a path relative to the root, and the directories above it.
func (c *cpio) add(name string, mode os.FileMode, data []byte) {
	c.makeDirs(path.Dir(name))
	c.entry(name, 0o100000|uint32(mode.Perm()), data)
}

func (c *cpio) makeDirs(dir string) {
	if c.seen[dir] {
		return
	}
	c.makeDirs(path.Dir(dir))
	c.entry(dir, 0o040755, nil)
	c.seen[dir] = true
}

// entry writes a 110-byte header of hexadecimal fields, the name with a NUL, and
// the data; name and data are each followed by zeros up to a multiple of four.
func (c *cpio) entry(name string, mode uint32, data []byte) {
	if c.err != nil {
		return
	}
	c.ino++
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize with its NUL, check
	_, c.err = fmt.Fprintf(c.w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		c.ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	c.pad(110 + len(name) + 1)
	if c.err == nil {
		_, c.err = c.w.Write(data)
	}
	c.pad(len(data))
}

func (c *cpio) pad(n int) {
	for ; n%4 != 0 && c.err == nil; n++ {
		c.err = c.w.WriteByte(0)
	}
}

// close writes the trailer.
func (c *cpio) close() error {
	c.entry("TRAILER!!!", 0, nil)
	if c.err != nil {
		return fmt.Errorf("write an initramfs: %w", c.err)
	}
	return c.w.Flush()
}
