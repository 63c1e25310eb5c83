// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// scanners bounds how many devices are read at the same time.
const scanners = 8

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
// device, a mirror's half) is left out when that one carries the same volume.
//
// The error is an *Error when sysfs cannot be read, or wraps ctx.Err(). Scan
// returns as soon as ctx ends; a read from a disk that does not answer goes on
// in the background until the kernel gives it up.
func Scan(ctx context.Context, root string) (*Survey, error) {
	return newScan(root).survey(ctx)
}

// Find returns the volume with the given UUID, upper or lower case, with or
// without dashes. Otherwise it is as Scan: all devices are read, and one that does
// not answer holds it up until ctx ends.
//
// The volume must be on one device, or several built on each other. On two, such
// as a disk and the snapshot of it that a storage system shows beside it, the
// wrong one would be a cluster of its own: that is ErrAmbiguous, with both named;
// the caller has to say which device. Other errors wrap ErrNotFound and the problems of up to three devices that
// could not be read, or ctx.Err().
func Find(ctx context.Context, root, uuid string) (*Volume, error) {
	return newScan(root).find(ctx, uuid)
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
	read, err := s.all(ctx, m)
	if err != nil {
		return nil, err
	}
	survey := &Survey{}
	for _, d := range m.readable() {
		p := read(d)
		if p.volume != nil {
			p = usable(m, p, read)
		}
		if p.volume != nil && p.device == d {
			survey.Volumes = append(survey.Volumes, p.volume)
		}
		if p.err != nil {
			survey.Problems = append(survey.Problems, p.err)
		}
	}
	return survey, nil
}

func (s *scan) find(ctx context.Context, uuid string) (*Volume, error) {
	want := strings.ToUpper(strings.ReplaceAll(uuid, "-", ""))
	m, err := s.list()
	if err != nil {
		return nil, err
	}
	read, err := s.all(ctx, m)
	if err != nil {
		return nil, err
	}
	var found *Volume
	var problems []error
	for _, d := range m.readable() {
		p := read(d)
		if p.volume != nil && p.volume.UUID == want {
			p = usable(m, p, read)
			switch {
			case p.volume == nil || found == p.volume:
			case found == nil:
				found = p.volume
			default:
				return nil, ambiguous(want, found, p.volume)
			}
		}
		if p.err != nil {
			problems = append(problems, p.err)
		}
	}
	if found == nil {
		return nil, notFound(want, problems)
	}
	return found, nil
}

// all reads all devices and returns what looks the result of one up.
func (s *scan) all(ctx context.Context, m *machine) (func(*blockDevice) probe, error) {
	found := map[string]probe{}
	err := s.each(ctx, m, func(p probe) { found[p.device.name] = p })
	return func(d *blockDevice) probe { return found[d.name] }, err
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

// each reads all devices, several at a time, and calls visit with the results
// one after the other.
func (s *scan) each(ctx context.Context, m *machine, visit func(probe)) error {
	devices := m.readable()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work := make(chan *blockDevice)
	results := make(chan probe, len(devices)) // so that nobody waits for us after we left
	for range min(scanners, len(devices)) {
		go func() {
			for d := range work {
				results <- s.read(m, d)
			}
		}()
	}
	go func() {
		defer close(work)
		for _, d := range devices {
			select {
			case work <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	for range devices {
		select {
		case p := <-results:
			visit(p)
		case <-ctx.Done():
			return &Error{Op: "scan block devices", Block: NoBlock, Err: ctx.Err()}
		}
	}
	return nil
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

func ambiguous(uuid string, a, b *Volume) error {
	return &Error{Op: "find", Block: NoBlock, Err: ErrAmbiguous,
		Found: fmt.Sprintf("UUID %s is on %s and on %s, of which one may be a copy; name the device", uuid, a.Device, b.Device)}
}

// notFound makes a one-line error of which errors.Is also finds the problems.
func notFound(uuid string, problems []error) error {
	err := ErrNotFound
	for i, p := range problems {
		if i == 3 {
			err = fmt.Errorf("%w; and %d more", err, len(problems)-i)
			break
		}
		err = fmt.Errorf("%w; %w", err, p)
	}
	return &Error{Op: "find", Block: NoBlock, Found: "UUID " + uuid, Err: err}
}
