// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// mixedResources is how many locks the mixed requests are for.
const mixedResources = 4

// mixedTime is how long they go on. O2CB_MIXED, a duration such as 10m, makes it
// longer, and the processes eight on each node if it is more than a minute.
var mixedTime = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("O2CB_MIXED")); err == nil {
		return d
	}
	return 10 * time.Second
}()

// mixed SECONDS DISK takes locks at both levels and in all ways at random. An
// exclusive holder adds one to the lock's block of the disk, a shared one reads it
// twice. It says how many operations it has done and how often it added.
func mixed(d *libo2dlm.Domain, args []string) error {
	seconds, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	disk, err := openCounter(args[1])
	if err != nil {
		return err
	}
	defer disk.disk.Close()
	m := &mixer{d: d, disk: disk, end: time.Now().Add(time.Duration(seconds) * time.Second)}
	for i := range mixedResources {
		m.mutexes = append(m.mutexes, d.Mutex(fmt.Sprint("mixed", i), nil))
	}
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() { errs <- m.run() }()
	}
	for range cap(errs) {
		err = errors.Join(err, <-errs)
	}
	fmt.Println("operations", m.done.Load(), "busy", m.busy.Load(), "added", m.added.Load())
	return err
}

type mixer struct {
	d                 *libo2dlm.Domain
	disk              *counter
	mutexes           []*libo2dlm.Mutex
	end               time.Time
	done, busy, added atomic.Int64
}

func (m *mixer) run() error {
	for time.Now().Before(m.end) {
		if err := m.step(rand.IntN(mixedResources)); err != nil {
			return err
		}
		m.done.Add(1)
	}
	return nil
}

// step does one operation. What is busy or comes too late is none.
func (m *mixer) step(i int) error {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if rand.IntN(8) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(5000))*time.Microsecond)
	}
	defer cancel()
	level := libo2dlm.Shared
	if rand.IntN(2) == 0 {
		level = libo2dlm.Exclusive
	}
	var err error
	switch rand.IntN(4) {
	case 0:
		err = m.try(i, level)
	case 1:
		err = m.mutex(ctx, i, level)
	default:
		err = m.lock(ctx, i, level)
	}
	if errors.Is(err, libo2dlm.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
		m.busy.Add(1)
		return nil
	}
	return err
}

func (m *mixer) try(i int, level libo2dlm.Level) error {
	h, err := m.d.TryLock(fmt.Sprint("mixed", i), level)
	if err != nil {
		return err
	}
	return errors.Join(m.use(i, level), h.Release())
}

func (m *mixer) mutex(ctx context.Context, i int, level libo2dlm.Level) error {
	if level == libo2dlm.Shared {
		if err := m.mutexes[i].RLock(ctx); err != nil {
			return err
		}
		defer m.mutexes[i].RUnlock()
	} else {
		if err := m.mutexes[i].Lock(ctx); err != nil {
			return err
		}
		defer m.mutexes[i].Unlock()
	}
	return m.use(i, level)
}

func (m *mixer) lock(ctx context.Context, i int, level libo2dlm.Level) error {
	h, err := m.d.Lock(ctx, fmt.Sprint("mixed", i), level)
	if err != nil {
		return err
	}
	err = m.use(i, level)
	switch {
	case err != nil:
	case level == libo2dlm.Exclusive && rand.IntN(2) == 0:
		if err = h.Downgrade(); err == nil {
			err = m.use(i, libo2dlm.Shared)
		}
	case level == libo2dlm.Shared && rand.IntN(4) == 0:
		if err = h.TryUpgrade(); err == nil {
			err = m.use(i, libo2dlm.Exclusive)
		}
	}
	return errors.Join(err, h.Release())
}

// use is what a holder does, and sees whether it is alone.
func (m *mixer) use(i int, level libo2dlm.Level) error {
	offset := int64(i+1) * blockSize
	if level == libo2dlm.Exclusive {
		m.added.Add(1)
		return m.disk.addAt(offset)
	}
	first, err := m.disk.at(offset)
	if err != nil {
		return err
	}
	second, err := m.disk.at(offset)
	if err == nil && first != second {
		err = fmt.Errorf("a writer beside a reader: %d, then %d", first, second)
	}
	return err
}

// mixedSum returns the sum of what was added.
func mixedSum(t *testing.T, c *lab.Cluster) (sum int) {
	t.Helper()
	f, err := os.Open(c.DiskFile(1))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range mixedResources {
		block := make([]byte, 8)
		if _, err := f.ReadAt(block, int64(i+1)*blockSize); err != nil {
			t.Fatal(err)
		}
		sum += int(binary.LittleEndian.Uint64(block))
	}
	return sum
}

// Shared and exclusive requests of all nodes, several processes each, at random:
// nobody gets stuck, nobody is where he must not be. Without the gate the kernels
// hang each other, see testUngated.
func testMixed(t *testing.T, c *lab.Cluster) {
	processes := 2
	if mixedTime > time.Minute {
		processes = 8
	}
	seconds := int(mixedTime.Seconds())
	var running []*lab.Process
	for _, n := range c.Nodes() {
		for range processes {
			running = append(running, n.StartSelf("mixed", fmt.Sprint(seconds), c.Disk(1)))
		}
	}
	operations, added := 0, 0
	for _, p := range running {
		good(t, p)
		var busy, plus int
		var done int
		if _, err := fmt.Sscanf(p.Stdout(), "operations %d busy %d added %d", &done, &busy, &plus); err != nil {
			t.Fatalf("%v in %q", err, p.Stdout())
		}
		operations, added = operations+done, added+plus
	}
	t.Logf("%d operations in %d s", operations, seconds)
	if got := mixedSum(t, c); got != added {
		t.Errorf("the sum is %d, want %d", got, added)
	}
}
