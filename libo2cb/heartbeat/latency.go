// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// readElapsed returns how long ago the kernel finished its last write to a region,
// as debugfs mounted on mount says it, in milliseconds. It fails with ENOENT where
// debugfs, or the region, is missing, and with EACCES without root's rights.
//
// elapsed_time_in_ms: o2hb_debug_open in fs/ocfs2/cluster/heartbeat.c, Linux 2.6.37.
func readElapsed(mount, region string) (time.Duration, error) {
	if mount == "" || !filepath.IsLocal(region) || strings.Contains(region, "/") {
		return 0, os.ErrNotExist
	}
	path := filepath.Join(mount, "o2hb", region, "elapsed_time_in_ms")
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	ms, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// age follows the block of one node through several readings, to tell when it
// was written last. Its sequence is the writer's clock in whole seconds, so that
// the age can be too high by a second, and clocks are set: from the second reading
// on the time between two readings bounds what the clock says.
type age struct {
	sequence, generation uint64
	wrote                time.Time // of the last beat
	last                 time.Time // of the last reading
	doubtful             bool      // wrote is the clock's word only, and hard to believe
}

// note takes the node's own block as it was read at a time.
func (a *age) note(s volume.Slot, at time.Time) {
	first := a.last.IsZero()
	switch {
	case first || s.Sequence != a.sequence || s.Generation != a.generation:
		old := max(0, at.Round(0).Sub(time.Unix(int64(s.Sequence), 0)))
		if !first {
			old = min(old, at.Sub(a.last))
		}
		a.wrote, a.doubtful = at.Add(-old), first && old > watchTime
	default:
		a.doubtful = false // it is that old: it does not change
	}
	a.sequence, a.generation, a.last = s.Sequence, s.Generation, at
}

// elapsed is the time since the last beat, or since begin when nothing is known
// that is worth more.
func (a *age) elapsed(begin, now time.Time) time.Duration {
	if a.last.IsZero() || a.doubtful {
		return now.Sub(begin)
	}
	return now.Sub(a.wrote)
}

// blockSource is what a meter reads; *BlockReader is one.
type blockSource interface {
	Read(ctx context.Context) (Reading, error)
	Close()
}

// meter measures on the disk how long ago this node wrote its block of a region.
// When the disk does not answer, that takes no more time than the context of a
// measurement has, and the age grows on.
type meter struct {
	node   int
	start  func() (blockSource, error)
	now    func() time.Time
	source blockSource
	begin  time.Time
	age    age
}

// measure returns the time since the last beat. A problem is why the disk could
// not be read; not having answered in time is none.
func (m *meter) measure(ctx context.Context) (elapsed time.Duration, problem error) {
	if m.begin.IsZero() {
		m.begin = m.now()
	}
	problem = m.read(ctx)
	if ctx.Err() != nil && errors.Is(problem, ctx.Err()) {
		problem = nil
	}
	return m.age.elapsed(m.begin, m.now()), problem
}

// read takes one reading, with a new child if the last one has ended.
func (m *meter) read(ctx context.Context) error {
	if m.source == nil {
		source, err := m.start()
		if err != nil {
			return err
		}
		m.source = source
	}
	r, err := m.source.Read(ctx)
	if errors.Is(err, ErrReaderEnded) {
		m.close()
	}
	if err != nil {
		return err
	}
	for _, s := range r.Slots {
		// One that left in order, generation 0, is from an earlier life of the region.
		if s.Number == m.node && s.Valid && s.Generation != 0 {
			m.age.note(s, r.At)
		}
	}
	return nil
}

func (m *meter) close() {
	if m.source != nil {
		m.source.Close()
		m.source = nil
	}
}
