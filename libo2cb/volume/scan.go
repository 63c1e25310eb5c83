// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// scanners bounds how many devices are read at the same time.
	scanners = 8
	// slowRead is how long a device counts as one of them.
	slowRead = time.Second
)

// Survey is the result of Scan.
type Survey struct {
	Volumes []*Volume // in order of the kernel's device names, Device filled in
	// Problems are the devices that could not be read, one *Error each. A disk
	// that carries something else than OCFS2 and an empty drive are no problem.
	Problems []error
}

// Scan reads all block devices of the machine below root ("/") and returns
// those that carry an OCFS2 volume. Devices are taken from sysfs, whatever they
// are called. A device that another one is built on (a path of a multipath
// device, a mirror's half) is left out when that one carries the same volume, and
// so is a loop device that shows a device which does.
//
// The error is an *Error when sysfs cannot be read, or wraps ctx.Err(). A disk
// that does not answer within Patience is a problem (ETIMEDOUT); a read from it
// goes on in the background until the kernel gives it up, and while it does this
// process cannot end.
func Scan(ctx context.Context, root string) (*Survey, error) {
	return newScan(root).survey(ctx)
}

// scan holds what a fixture replaces.
type scan struct {
	list func() (*machine, error)
	open func(path string) (*Volume, error)
}

func newScan(root string) *scan {
	return &scan{
		list: func() (*machine, error) { return list(root) },
		open: Open,
	}
}

// probe is what reading one device gave.
type probe struct {
	device *blockDevice
	volume *Volume
	err    error
}

func (s *scan) survey(ctx context.Context) (*Survey, error) {
	m, err := s.list()
	if err != nil {
		return nil, err
	}
	q := newQuest(m, nil)
	if err := s.pursue(ctx, q); err != nil {
		return nil, err
	}
	survey := &Survey{}
	for _, d := range m.readable() {
		p := q.read(d)
		if p.volume != nil {
			p = usable(m, p, q.read)
		}
		if p.volume != nil && p.device == d && !q.mirrors(d) {
			survey.Volumes = append(survey.Volumes, p.volume)
		}
		if p.err != nil {
			survey.Problems = append(survey.Problems, p.err)
		}
	}
	return survey, nil
}

// usable returns p, or the topmost device built on p's that carries the same
// volume. When a device above cannot be read, it cannot be told whether it does,
// and the result is an error.
func usable(m *machine, p probe, read func(*blockDevice) probe) probe {
	for _, up := range m.above(p.device) {
		q := read(up)
		if q.err != nil {
			return probe{device: p.device, err: &Error{
				Op: "use", Path: p.volume.Device, Block: NoBlock,
				Found: fmt.Sprintf("carries volume %s and is part of %s, which cannot be read", p.volume.UUID, up.name),
				Err:   q.err,
			}}
		}
		if q.volume != nil && q.volume.UUID == p.volume.UUID {
			p = q
		}
	}
	return p
}

// start reads devices, several at a time, until ctx ends. A device that does not
// answer soon makes room for others: however many of them hang, the rest is read.
func (s *scan) start(ctx context.Context, m *machine, devices []*blockDevice) <-chan probe {
	results := make(chan probe, len(devices)) // so that nobody waits for us after we left
	slots := make(chan struct{}, scanners)
	go func() {
		for _, d := range devices {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			go func() {
				leave := sync.OnceFunc(func() { <-slots })
				defer leave()
				defer time.AfterFunc(slowRead, leave).Stop()
				results <- s.read(m, d)
			}()
		}
	}()
	return results
}

func interrupted(ctx context.Context) error {
	return &Error{Op: "scan block devices", Block: NoBlock, Err: ctx.Err()}
}

// read reads one device. Neither another file system nor an empty drive is an error.
func (s *scan) read(m *machine, d *blockDevice) probe {
	p := probe{device: d}
	if d.suspended {
		p.err = &Error{Op: opOpen, Path: d.name, Block: NoBlock, Found: "device-mapper has suspended it (dmsetup resume)", Err: unix.EAGAIN}
		return p
	}
	path, err := m.path(d)
	if err == nil {
		p.volume, err = s.open(path)
	}
	if err != nil && !errors.Is(err, ErrNotOCFS2) && !noMedium(err) {
		p.err = err
	}
	return p
}
