// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const opOpen = "open"

// imageSectorSize is the sector size that a file stands for: that of the loop
// device it would be attached to. drivers/block/loop.c.
const imageSectorSize = 512

// Open reads the volume on a block device or in an image file. It opens
// read-only, for the time of the call. Nothing waits for a lock or a lease, but
// a read from a disk that has gone away takes as long as the kernel tries.
//
// The error is an *Error with the path: see Read, or the errno of the device.
// Reading a block device is the privilege of root and, by custom, of the group disk.
func Open(path string) (*Volume, error) {
	d, err := OpenDevice(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	v, err := Read(d, d.sectorSize)
	if err != nil {
		return nil, withPath(err, path)
	}
	v.Device = path
	return v, nil
}

// Device is a block device or an image file opened for reading past the page
// cache, so that what other nodes write is seen at once. It implements io.ReaderAt.
type Device struct {
	file       *os.File
	sectorSize int
	direct     bool // opened with O_DIRECT: buffer, offset and length must be aligned
}

// OpenDevice opens path read-only. A regular file, and a device whose driver
// does not know O_DIRECT, are read through the page cache.
//
// The error is an *Error that wraps the errno: ENOTBLK when path is neither a
// block device nor a regular file, ENOMEDIUM for an empty drive.
func OpenDevice(path string) (*Device, error) {
	// O_NONBLOCK: a drive without medium answers instead of waiting, a fifo too.
	fd, err := openRetry(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK)
	if err != nil {
		return nil, &Error{Op: opOpen, Path: path, Block: NoBlock, Err: err}
	}
	sectorSize, direct, err := prepare(fd)
	if err != nil {
		unix.Close(fd)
		return nil, &Error{Op: opOpen, Path: path, Block: NoBlock, Err: err}
	}
	return &Device{file: os.NewFile(uintptr(fd), path), sectorSize: sectorSize, direct: direct}, nil
}

// ReadFile reads the volume on a block device or in an image file that is open
// already. It is for a caller that goes on to use the very same descriptor, which
// for a block device is left with O_DIRECT set; else use Open.
//
// A block device is read past the page cache only: while any process has it open
// the cache keeps what it read, and another node may have formatted the disk
// since. A driver that does not know O_DIRECT is EINVAL. The error is an *Error.
func ReadFile(f *os.File) (*Volume, error) {
	fail := func(err error) (*Volume, error) {
		return nil, &Error{Op: "examine", Path: f.Name(), Block: NoBlock, Err: err}
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return fail(err)
	}
	d := &Device{file: f}
	var failed error
	if err := raw.Control(func(fd uintptr) { d.sectorSize, d.direct, failed = examine(int(fd)) }); err != nil {
		return fail(err)
	}
	if failed != nil {
		return fail(failed)
	}
	v, err := Read(d, d.sectorSize)
	if err != nil {
		return nil, withPath(err, f.Name())
	}
	v.Device = f.Name()
	return v, nil
}

// prepare finds out what has been opened, and switches a block device to O_DIRECT.
func prepare(fd int) (sector int, direct bool, err error) {
	sector, block, err := sectorSize(fd)
	if err != nil || !block {
		return sector, false, err
	}
	if !hasMedium(fd) {
		return 0, false, unix.ENOMEDIUM
	}
	// F_SETFL keeps the descriptor, so that no other device can slip under the path.
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_DIRECT)
	return sector, err == nil, nil
}

// examine is prepare for a descriptor that must not be read through the page cache.
func examine(fd int) (sector int, direct bool, err error) {
	sector, direct, err = prepare(fd)
	if err != nil || direct {
		return sector, direct, err
	}
	_, block, err := sectorSize(fd)
	if err == nil && block {
		err = unix.EINVAL
	}
	return sector, false, err
}

// sectorSize returns the logical sector size and whether fd is a block device.
func sectorSize(fd int) (sector int, block bool, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, false, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return imageSectorSize, false, nil
	case unix.S_IFBLK:
		n, err := unix.IoctlGetUint32(fd, unix.BLKSSZGET)
		return int(n), true, err
	}
	return 0, false, unix.ENOTBLK
}

// hasMedium asks an optical drive whether a disc is in it; opened with O_NONBLOCK
// an empty one fails only at the first read, with EIO. Other drivers do not know
// the question.
//
// CDROM_DRIVE_STATUS in include/uapi/linux/cdrom.h.
func hasMedium(fd int) bool {
	const (
		cdromDriveStatus = 0x5326
		noDisc           = 1 // CDS_NO_DISC
		notReady         = 3 // CDS_DRIVE_NOT_READY; CDS_TRAY_OPEN lies between
	)
	status, err := unix.IoctlRetInt(fd, cdromDriveStatus)
	return err != nil || status < noDisc || status > notReady
}

func openRetry(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// SectorSize returns the logical sector size in bytes; 512 for a file.
func (d *Device) SectorSize() int { return d.sectorSize }

// Close closes the device.
func (d *Device) Close() error { return d.file.Close() }

// ReadAt reads len(p) bytes from offset, as io.ReaderAt demands. Any offset and
// length will do.
func (d *Device) ReadAt(p []byte, offset int64) (int, error) {
	if !d.direct {
		return d.file.ReadAt(p, offset)
	}
	sector := int64(d.sectorSize)
	start := offset / sector * sector
	skip := int(offset - start)
	length := (skip + len(p) + d.sectorSize - 1) / d.sectorSize * d.sectorSize
	buffer := aligned(length, d.sectorSize)
	n, err := d.file.ReadAt(buffer, start)
	n = copy(p, buffer[min(skip, n):n])
	if n == len(p) {
		err = nil
	}
	return n, err
}

// aligned returns length bytes whose address is a multiple of the memory page,
// which satisfies every driver's O_DIRECT. The heap does not move. open(2), "O_DIRECT".
func aligned(length, sectorSize int) []byte {
	align := max(os.Getpagesize(), sectorSize)
	b := make([]byte, length+align)
	shift := 0
	if rest := uintptr(unsafe.Pointer(unsafe.SliceData(b))) % uintptr(align); rest != 0 {
		shift = align - int(rest)
	}
	return b[shift : shift+length : shift+length]
}
