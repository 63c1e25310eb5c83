// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// room is who is in one resource: readers, or -1 for a writer.
type room struct{ atomic.Int64 }

// use is what a holder does, and sees whether it is alone.
func (r *room) use(t *testing.T, level libo2dlm.Level) {
	if level == exc {
		if !r.CompareAndSwap(0, -1) {
			t.Error("a writer is not alone")
		}
		r.Store(0)
		return
	}
	if r.Add(1) <= 0 {
		t.Error("a reader beside a writer")
	}
	r.Add(-1)
}

// All calls on a few resources at random, through several users of a directory,
// with deadlines that end at every point of the way: nobody gets stuck, nobody is
// where he must not be.
func TestMixedAtRandom(t *testing.T) {
	const users, goroutines, times, resources = 3, 4, 150, 2
	mount := newMount(t)
	rooms := make([]room, resources)
	var done atomic.Int64
	var all sync.WaitGroup
	for range users {
		d := join(t, mount, libo2dlm.JoinOptions{TryGrace: 2 * time.Millisecond})
		var mutexes []*libo2dlm.Mutex
		for i := range resources {
			mutexes = append(mutexes, d.Mutex(fmt.Sprint("r", i), &libo2dlm.MutexOptions{HoldOff: time.Millisecond}))
		}
		for range goroutines {
			all.Go(func() {
				for range times {
					i := rand.IntN(resources)
					if mixedStep(t, d, mutexes[i], fmt.Sprint("r", i), &rooms[i]) {
						done.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	t.Logf("%d of %d calls got the lock", done.Load(), users*goroutines*times)
}

// mixedStep makes one call, and reports whether it got the lock.
func mixedStep(t *testing.T, d *libo2dlm.Domain, m *libo2dlm.Mutex, name string, r *room) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	hasty := rand.IntN(4) == 0
	if hasty {
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), time.Duration(rand.IntN(2000))*time.Microsecond)
	}
	defer cancel()
	level := shared
	if rand.IntN(2) == 0 {
		level = exc
	}
	var h *libo2dlm.Hold
	var err error
	switch rand.IntN(4) {
	case 0:
		h, err = d.TryLock(name, level)
	case 1:
		if level == exc {
			if err = m.Lock(ctx); err == nil {
				r.use(t, level)
				m.Unlock()
			}
		} else if err = m.RLock(ctx); err == nil {
			r.use(t, level)
			m.RUnlock()
		}
	default:
		h, err = d.Lock(ctx, name, level)
	}
	if errors.Is(err, libo2dlm.ErrBusy) || hasty && errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if err != nil {
		t.Error(err)
		return false
	}
	if h != nil {
		useHold(t, h, level, r)
	}
	return true
}

// useHold uses a hold, goes down or up with it, and releases it.
func useHold(t *testing.T, h *libo2dlm.Hold, level libo2dlm.Level, r *room) {
	r.use(t, level)
	switch rand.IntN(3) {
	case 0:
		if err := h.Downgrade(); err != nil {
			t.Error(err)
		}
		r.use(t, shared)
	case 1:
		err := h.TryUpgrade()
		if err == nil {
			r.use(t, exc)
		} else if !errors.Is(err, libo2dlm.ErrBusy) {
			t.Error(err)
		}
	}
	release(t, h)
}
