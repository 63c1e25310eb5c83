// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// many is how many locks are held, and how many goroutines wait, to weigh them.
const many = 10_000

// weigh prints what locks and waiters take of memory, and what calls allocate.
func weigh([]string) int {
	if err := weighAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func weighAll() (err error) {
	limit := unix.Rlimit{Cur: 4 * many, Max: 4 * many}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	only, gated, err := joinBoth()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, only.Close(), gated.Close()) }()
	if err := allocations(only, gated); err != nil {
		return err
	}
	if err := weighHolds(only); err != nil {
		return err
	}
	return weighWaiters(only)
}

func allocations(only, gated *libo2dlm.Domain) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := only.Mutex("counted", &libo2dlm.MutexOptions{Idle: -1, ExclusiveOnly: true})
	var failed error
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{holdInline, func() error { return lockReleaseOf(context.Background(), only, "a", libo2dlm.Exclusive) }},
		{holdCancel, func() error { return lockReleaseOf(ctx, only, "b", libo2dlm.Exclusive) }},
		{holdGated, func() error { return lockReleaseOf(ctx, gated, "a", libo2dlm.Exclusive) }},
		{holdShared, func() error { return lockReleaseOf(ctx, gated, "b", libo2dlm.Shared) }},
		{mutexCached, func() error { return lockUnlock(m, 1) }},
	} {
		n := testing.AllocsPerRun(500, func() { failed = errors.Join(failed, c.do()) })
		fmt.Printf("allocations of %s: %v\n", c.name, n)
	}
	return failed
}

func weighHolds(d *libo2dlm.Domain) error {
	ctx := context.Background()
	before, kernel := inUse(), slab()
	holds := make([]*libo2dlm.Hold, many)
	start := time.Now()
	for i := range holds {
		var err error
		if holds[i], err = d.Lock(ctx, fmt.Sprintf("held%d", i), libo2dlm.Exclusive); err != nil {
			return err
		}
	}
	took := time.Since(start)
	fmt.Printf("%d distinct locks: %v each to make and take, %d bytes each in the process, %d in the kernel\n",
		many, took/many, (inUse()-before)/many, (slab()-kernel)/many)
	start = time.Now()
	for _, h := range holds {
		if err := h.Release(); err != nil {
			return err
		}
	}
	fmt.Printf("release: %v each\n", time.Since(start)/many)
	return nil
}

func weighWaiters(d *libo2dlm.Domain) error {
	ctx := context.Background()
	m := d.Mutex("waited", &libo2dlm.MutexOptions{ExclusiveOnly: true})
	h, err := d.Lock(ctx, "weighed", libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	if err := m.Lock(ctx); err != nil {
		return err
	}
	for _, w := range []struct {
		name string
		lock func() error
		let  func() error
	}{
		{"Lock", func() error { return lockReleaseOf(ctx, d, "weighed", libo2dlm.Exclusive) }, h.Release},
		{"Mutex", func() error { return lockUnlock(m, 1) }, func() error { m.Unlock(); return nil }},
	} {
		before := inUse()
		var all sync.WaitGroup
		errs := make(chan error, many)
		base := d.Stats().Waiters
		for range many {
			all.Go(func() { errs <- w.lock() })
		}
		for int(d.Stats().Waiters-base) < many {
			time.Sleep(time.Millisecond)
		}
		fmt.Printf("%d waiters of a %s: %d bytes each, the goroutine's stack included\n", many, w.name, (inUse()-before)/many)
		if err := w.let(); err != nil {
			return err
		}
		all.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// inUse returns the bytes of heap and stacks that are in use.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// slab returns the bytes of the kernel's objects.
func slab() int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscanf(line, "Slab: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
