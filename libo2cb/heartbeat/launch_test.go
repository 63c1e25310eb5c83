// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// meeting returns a function that returns when it has been called n times.
func meeting(tb testing.TB, n int) func() {
	all, arrived := make(chan struct{}), atomic.Int32{}
	return func() {
		if arrived.Add(1) == int32(n) {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			tb.Errorf("only %d of %d came", arrived.Load(), n)
		}
	}
}

func TestStartAllSideBySide(t *testing.T) {
	kernel := newGlobalKernel()
	kernel.onStart = meeting(t, 3)
	requests := newGlobalVolumes(t, 3)
	var seen [][]Progress
	results, err := New(kernel, nil).StartAll(t.Context(), "web", requests, func(p []Progress) { seen = append(seen, p) })
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if !r.Started || r.Volume.UUID != requests[i].UUID {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	wantAll(t, requests, 1)
	if kernel.atOnce != 3 {
		t.Errorf("at most %d started at the same time", kernel.atOnce)
	}
	first, last := seen[0], seen[len(seen)-1]
	for i := range requests {
		want := Waiting
		if i == 0 {
			want = Starting
		}
		if p := first[i]; p.Phase != want || p.Region != requests[i].UUID || p.Device != requests[i].Device || p.Expected != FirstRegionTime {
			t.Errorf("first progress of %d: %+v", i, p)
		}
		if last[i].Phase != Started {
			t.Errorf("last progress of %d: %+v", i, last[i])
		}
	}
}

// A kernel that does not tell its threads gets the first region for itself.
func TestStartAllFirstAlone(t *testing.T) {
	kernel := newGlobalKernel()
	kernel.hidden = true
	requests := newGlobalVolumes(t, 3)
	var calls atomic.Int32
	others := meeting(t, 2)
	kernel.onStart = func() {
		if calls.Add(1) > 1 {
			others()
		}
	}
	if _, err := New(kernel, nil).StartAll(t.Context(), "web", requests, nil); err != nil {
		t.Fatal(err)
	}
	if got := kernel.cluster.Regions[0].Name; got != requests[0].UUID || kernel.atOnce != 2 {
		t.Errorf("region %s came first, %d at once at most", got, kernel.atOnce)
	}
}

// One that fails takes those with it that this call started, and no other.
func TestStartAllUndoes(t *testing.T) {
	for failing := range 3 {
		t.Run(fmt.Sprint(failing), func(t *testing.T) {
			kernel := newGlobalKernel()
			keeper := New(kernel, nil)
			before, requests := newGlobalVolumes(t, 1), newGlobalVolumes(t, 3)
			if _, err := keeper.StartAll(t.Context(), "web", before, nil); err != nil {
				t.Fatal(err)
			}
			kernel.startErr, kernel.failing = unix.EIO, requests[failing].UUID
			_, err := keeper.StartAll(t.Context(), "web", append(before, requests...), nil)
			var typed *Error
			if !errors.Is(err, unix.EIO) || !errors.As(err, &typed) || typed.Region != kernel.failing || strings.Contains(err.Error(), "cleaning up") {
				t.Errorf("error %v, want EIO of region %s", err, kernel.failing)
			}
			wantAll(t, requests, -1)
			wantAll(t, before, 1)
			if kernel.regions() != 1 {
				t.Errorf("%d regions run, want the one from before", kernel.regions())
			}
		})
	}
}

func TestStartAllUndoFails(t *testing.T) {
	kernel := newGlobalKernel()
	requests := newGlobalVolumes(t, 2)
	kernel.onStart = meeting(t, 2)
	kernel.startErr, kernel.failing, kernel.busy = unix.EIO, requests[0].UUID, true
	_, err := New(kernel, nil).StartAll(t.Context(), "web", requests, nil)
	if !errors.Is(err, unix.EIO) || !errors.Is(err, unix.EBUSY) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want EIO, and EBUSY while cleaning up", err)
	}
	wantReferences(t, requests[1].UUID, 1)
}

func TestStartAllCancelled(t *testing.T) {
	kernel := newGlobalKernel()
	requests := newGlobalVolumes(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	meet := meeting(t, 3)
	kernel.onStart = func() { meet(); cancel() }
	if _, err := New(kernel, nil).StartAll(ctx, "web", requests, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	wantAll(t, requests, -1)
	if kernel.regions() != 0 || len(kernel.stops) != 3 {
		t.Errorf("%d regions run, %d were stopped", kernel.regions(), len(kernel.stops))
	}
}

func TestStartAllConcurrent(t *testing.T) {
	kernel := newGlobalKernel()
	requests := newGlobalVolumes(t, 3)
	var wg sync.WaitGroup
	for i := range 4 {
		mine := slices.Clone(requests)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		wg.Go(func() {
			if _, err := New(kernel, nil).StartAll(t.Context(), "web", mine, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if kernel.starts != 3 || kernel.overlap {
		t.Errorf("%d starts, overlap %t", kernel.starts, kernel.overlap)
	}
	wantAll(t, requests, 1)
}
