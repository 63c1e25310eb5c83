// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Patience is how long a search waits for devices that do not answer. A disk
	// that has to spin up is well within.
	Patience = 15 * time.Second
	// findSettle is how long it waits for them once no volume is missing: one of
	// them may carry a copy.
	findSettle = time.Second
)

// Find is FindAll for one volume.
func Find(ctx context.Context, root, uuid string) (*Volume, error) {
	return newScan(root).find(ctx, uuid)
}

// FindAll returns the volumes with the given UUIDs, upper or lower case, with or
// without dashes, in that order, from one scan of the block devices, which are
// taken from sysfs whatever they are called. Of devices that are built on each
// other, such as the paths of a multipath device and that device, it returns the
// topmost that carries the volume; of a loop device and the disk that it shows, the
// disk.
//
// A disk that hangs holds it up for a second when everything has been found
// without it, and for Patience when not; a read from it goes on in the
// background until the kernel gives it up, and while it does this process cannot
// end.
//
// Each volume must be on one device, or several built on each other. On two, such
// as a disk and the snapshot of it that a storage system shows beside it, the
// wrong one would be a cluster of its own: that is ErrAmbiguous, with both named;
// the caller has to say which device. Other errors wrap ErrNotFound, with the
// UUIDs that are missing and the problems of up to three devices that could not be
// read (ETIMEDOUT for one that does not answer), or ctx.Err().
func FindAll(ctx context.Context, root string, uuids []string) ([]*Volume, error) {
	return newScan(root).findAll(ctx, uuids)
}

func (s *scan) find(ctx context.Context, uuid string) (*Volume, error) {
	found, err := s.findAll(ctx, []string{uuid})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (s *scan) findAll(ctx context.Context, uuids []string) ([]*Volume, error) {
	m, err := s.list()
	if err != nil {
		return nil, err
	}
	q := newQuest(m, uuids)
	if err := s.pursue(ctx, q); err != nil {
		return nil, err
	}
	return q.conclude()
}

// pursue reads devices until all have answered, or long enough.
func (s *scan) pursue(ctx context.Context, q *quest) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	devices := q.machine.readable()
	results := s.start(ctx, q.machine, devices)
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	settling := false
	for range devices {
		if !settling && q.complete() {
			settling = true
			limit.Reset(findSettle)
		}
		select {
		case p := <-results:
			q.add(p)
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return interrupted(ctx)
		}
	}
	return nil
}

// quest is a search for volumes, with what is known so far.
type quest struct {
	machine *machine
	wanted  []string // UUIDs as on the disk; none looks for whatever there is
	answers map[string]probe
	claims  map[string][]claim // by UUID
}

// claim is a device that carries a wanted volume.
type claim struct {
	device *blockDevice
	above  []*blockDevice // must answer before it is known which device to use
}

func newQuest(m *machine, uuids []string) *quest {
	q := &quest{machine: m, answers: map[string]probe{}, claims: map[string][]claim{}}
	for _, uuid := range uuids {
		q.wanted = append(q.wanted, strings.ToUpper(strings.ReplaceAll(uuid, "-", "")))
	}
	return q
}

// add takes the answer of one device.
func (q *quest) add(p probe) {
	q.answers[p.device.name] = p
	if p.volume != nil && slices.Contains(q.wanted, p.volume.UUID) {
		q.claims[p.volume.UUID] = append(q.claims[p.volume.UUID], claim{p.device, q.machine.above(p.device)})
	}
}

// complete tells whether each volume has been seen on a device on which nothing
// is built that has not answered.
func (q *quest) complete() bool {
	return len(q.wanted) > 0 && !slices.ContainsFunc(q.wanted, func(uuid string) bool {
		return !slices.ContainsFunc(q.claims[uuid], q.settled)
	})
}

func (q *quest) settled(c claim) bool {
	return !slices.ContainsFunc(c.above, func(d *blockDevice) bool {
		_, answered := q.answers[d.name]
		return d.sectors > 0 && !answered
	})
}

// read returns the answer of a device; that it gave none is an error.
func (q *quest) read(d *blockDevice) probe {
	p, answered := q.answers[d.name]
	if !answered && d.sectors > 0 {
		p = probe{device: d, err: &Error{Op: "read", Path: d.name, Block: NoBlock, Found: "the disk does not answer", Err: unix.ETIMEDOUT}}
	}
	return p
}

// conclude returns the volumes in the order they were asked for.
func (q *quest) conclude() ([]*Volume, error) {
	volumes := make([]*Volume, len(q.wanted))
	var missing []string
	var problems []error
	for i, uuid := range q.wanted {
		v, unusable, err := q.choose(uuid)
		if err != nil {
			return nil, err
		}
		volumes[i] = v
		if v == nil {
			missing = append(missing, uuid)
			problems = append(problems, unusable...)
		}
	}
	if len(missing) == 0 {
		return volumes, nil
	}
	for _, d := range q.machine.readable() {
		if p := q.read(d); p.err != nil {
			problems = append(problems, p.err)
		}
	}
	return nil, notFound(missing, problems)
}

// choose returns the volume on the device to use, nil when there is none, and
// why the devices that carry it cannot be used.
func (q *quest) choose(uuid string) (v *Volume, unusable []error, err error) {
	for _, c := range q.claims[uuid] {
		if q.mirrors(c.device) {
			continue
		}
		p := usable(q.machine, q.read(c.device), q.read)
		switch {
		case p.err != nil:
			unusable = append(unusable, p.err)
		case v == nil:
			v = p.volume
		case v != p.volume:
			return nil, nil, ambiguous(uuid, v, p.volume)
		}
	}
	return v, unusable, nil
}

// mirrors tells whether d is a loop device over one that carries the same volume.
// That one is the better: what is written to a loop device may stay in this node's
// memory for long.
func (q *quest) mirrors(d *blockDevice) bool {
	below := q.machine.shown(d)
	if below == nil {
		return false
	}
	a, b := q.answers[d.name].volume, q.answers[below.name].volume
	return a != nil && b != nil && a.UUID == b.UUID
}

func ambiguous(uuid string, a, b *Volume) error {
	if a.Device > b.Device { // whichever answered first
		a, b = b, a
	}
	return &Error{Op: "find", Block: NoBlock, Err: ErrAmbiguous,
		Found: fmt.Sprintf("UUID %s is on %s and on %s, of which one may be a copy; detach it, or name the device", uuid, a.Device, b.Device)}
}

// notFound makes a one-line error of which errors.Is also finds the problems.
func notFound(uuids []string, problems []error) error {
	err := ErrNotFound
	for i, p := range problems {
		if i == 3 {
			err = fmt.Errorf("%w; and %d more", err, len(problems)-i)
			break
		}
		err = fmt.Errorf("%w; %w", err, p)
	}
	return &Error{Op: "find", Block: NoBlock, Found: "UUID " + strings.Join(uuids, ", "), Err: err}
}
