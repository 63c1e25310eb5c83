// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

const opBlocks = "read the blocks of"

// Blocks are the heartbeat blocks of one region on its disk, one for each node:
// what all nodes have written last. They are there without debugfs and for a
// region that does not run here, and reading them needs no cluster.
//
// Any call can wait for the disk in the kernel, as long as that tries, and then
// keeps its process from ending, even by SIGKILL. A program that must not hang
// reads in a child: [ServeBlocks] there, [BlockReader] here.
type Blocks struct {
	device *volume.Device
	path   string
	region string
	area   cluster.Area
}

// OpenBlocks opens the blocks of a region, whose name is the UUID of the volume
// on device. It opens read-only. The kernel writes past the page cache, and so
// this reads past it.
//
// The error is an *Error: [ErrOtherVolume], one of package volume, or the errno.
// Reading a disk is the privilege of root and, by custom, of the group disk.
func OpenBlocks(device, region string) (*Blocks, error) {
	d, err := volume.OpenDevice(device)
	if err != nil {
		return nil, blocksError(region, device, err)
	}
	v, err := volume.Read(d, d.SectorSize())
	if err == nil && !strings.EqualFold(v.UUID, region) {
		err = fmt.Errorf("%w: UUID %s", ErrOtherVolume, v.UUID)
	}
	if err != nil {
		d.Close()
		return nil, blocksError(region, device, err)
	}
	return &Blocks{device: d, path: device, region: region, area: v.Area}, nil
}

// Read returns the blocks as they are now, by ascending node number; blocks that
// nobody ever wrote are left out. The error is an *Error that wraps the errno.
func (b *Blocks) Read() ([]volume.Slot, error) {
	slots, err := volume.ReadSlots(b.device, b.area)
	if err != nil {
		return nil, blocksError(b.region, b.path, err)
	}
	return slots, nil
}

// Close closes the device.
func (b *Blocks) Close() error { return b.device.Close() }

func blocksError(region, device string, err error) error {
	return &Error{Op: opBlocks, Region: region, Device: device, Err: err}
}

// answer is one reading on its way from the child, a line of JSON.
type answer struct {
	Slots []volume.Slot `json:"slots,omitempty"`
	Error string        `json:"error,omitempty"` // what went wrong, for people
	Errno unix.Errno    `json:"errno,omitempty"` // its errno, 0 when it has none
}

// newAnswer makes the answer of a reading.
func newAnswer(slots []volume.Slot, err error) answer {
	if err == nil {
		return answer{Slots: slots}
	}
	a := answer{Error: err.Error()}
	errors.As(err, &a.Errno)
	return a
}

// err is the error of the reading.
func (a answer) err() error {
	if a.Error == "" {
		return nil
	}
	return remoteError{a.Error, a.Errno}
}

// remoteError is an error that happened in the child.
type remoteError struct {
	text  string
	errno unix.Errno
}

func (e remoteError) Error() string { return e.text }

// Unwrap returns the errno, nil when the child had none.
func (e remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

// ServeBlocks reads the blocks of a region once for each line that comes from in,
// and writes what it found to out, in the form that [BlockReader] understands. It
// is the whole work of the child that may hang in place of its parent, and returns
// nil when in ends, which it does when the parent is gone.
//
// A region that cannot be read is an answer as well. The device is opened again
// for the next question then. The error is that of in or out.
func ServeBlocks(device, region string, in io.Reader, out io.Writer) error {
	var blocks *Blocks
	defer func() {
		if blocks != nil {
			blocks.Close()
		}
	}()
	encoder := json.NewEncoder(out)
	questions := bufio.NewScanner(in)
	for questions.Scan() {
		var slots []volume.Slot
		var err error
		if blocks == nil {
			blocks, err = OpenBlocks(device, region)
		}
		if err == nil {
			slots, err = blocks.Read()
		}
		if err != nil && blocks != nil {
			blocks.Close()
			blocks = nil
		}
		if err := encoder.Encode(newAnswer(slots, err)); err != nil {
			return err
		}
	}
	return questions.Err()
}
