// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// disk is the blocks of a region in which nodes beat by the clock of a bubble.
type disk struct {
	alive, dead, left []int
	failure           error // what reading answers
	hangs             atomic.Bool
}

func (d *disk) Read(ctx context.Context) (Reading, error) {
	if d.hangs.Load() {
		<-ctx.Done()
		return Reading{}, ctx.Err()
	}
	now := time.Now()
	var slots []volume.Slot
	for _, n := range d.alive {
		slots = append(slots, slot(n, uint64(now.Truncate(beatTime).Unix())))
	}
	for _, n := range d.dead {
		slots = append(slots, slot(n, 946600000))
	}
	for _, n := range d.left {
		s := slot(n, 946600000)
		s.Generation = 0
		slots = append(slots, s)
	}
	return Reading{Slots: slots, At: now}, d.failure
}

func (d *disk) Close() {}

func TestWatchBlocks(t *testing.T) {
	for _, c := range []struct {
		name string
		disk *disk
		want []int
		most time.Duration
	}{
		{"all beat", &disk{alive: []int{0, 3}}, []int{0, 3}, beatTime + watchPause},
		{"one left in order", &disk{alive: []int{3}, left: []int{0}}, []int{3}, beatTime + watchPause},
		{"one died", &disk{alive: []int{3}, dead: []int{0}}, []int{3}, watchTime + watchPause},
		{"nobody ever", &disk{}, nil, watchPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				got, err := watchBlocks(t.Context(), c.disk.Read)
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("beating %v, %v, want %v", got, err, c.want)
				}
				if took := time.Since(begin); took > c.most {
					t.Errorf("it took %v, at most %v are needed", took, c.most)
				}
			})
		})
	}
}

func TestWatchBlocksFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := disk{failure: unix.EIO}
		if got, err := watchBlocks(t.Context(), broken.Read); !errors.Is(err, unix.EIO) {
			t.Errorf("a broken disk: %v, %v", got, err)
		}
		var hung disk
		hung.hangs.Store(true)
		for _, d := range []*disk{&hung, {dead: []int{1}}} {
			ctx, stop := context.WithTimeout(t.Context(), beatTime)
			if got, err := watchBlocks(ctx, d.Read); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("until the deadline: %v, %v", got, err)
			}
			stop()
		}
	})
}

// A child and a disk as they are, which nobody writes to.
func TestBeating(t *testing.T) {
	device, region := newVolume(t)
	left := slot(3, 100)
	left.Generation = 0
	beat(t, device, left)
	if got, err := Beating(t.Context(), readerChild(device, region)); err != nil || len(got) != 0 {
		t.Errorf("beating %v, %v", got, err)
	}
	if got, err := Beating(t.Context(), readerChild(device, newRegion(t))); err == nil {
		t.Errorf("another volume: %v", got)
	}
}
