// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestCancelWhileOpenBlocks(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	unblock := blockOpens(t, mount, "r")

	ctx, cancel := context.WithCancel(t.Context())
	got := lockLater(t, ctx, d, "r")
	cancel()
	o := <-got
	if !errors.Is(o.err, context.Canceled) {
		t.Fatalf("cancelled Lock returned %v", o.err)
	}
	eventually(t, "the request is in the kernel", func() bool { return d.Requests() == 1 })
	if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock beside a blocked request: %v", err)
	}

	// The grant that nobody wants is released as soon as it comes.
	unblock()
	eventually(t, "the late grant released", func() bool { return d.Resources() == 0 })
	h, err := d.TryLock("r", exc)
	if err != nil {
		t.Fatal(err)
	}
	release(t, h)
}

func TestCancelWhileAnotherProcessHolds(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	other := startHolder(t, mount, "r")

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := d.Lock(ctx, "r", exc); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Lock returned %v", err)
	}
	other.release()
	eventually(t, "the late grant released", func() bool { return d.Resources() == 0 })
	release(t, lock(t, d, "r"))
}

func TestLateGrantGoesToTheNextWaiter(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	unblock := blockOpens(t, mount, "r")

	ctx, cancel := context.WithCancel(t.Context())
	first := lockLater(t, ctx, d, "r")
	second := lockLater(t, t.Context(), d, "r")
	cancel()
	if o := <-first; !errors.Is(o.err, context.Canceled) {
		t.Fatalf("cancelled Lock returned %v", o.err)
	}
	third := lockLater(t, t.Context(), d, "r")
	if n := d.Requests(); n > 1 {
		t.Errorf("%d requests in the kernel for one resource", n)
	}

	unblock()
	o := <-second
	if o.err != nil {
		t.Fatal(o.err)
	}
	select {
	case <-third:
		t.Fatal("two holders")
	default:
	}
	release(t, o.hold)
	o = <-third
	if o.err != nil {
		t.Fatal(o.err)
	}
	release(t, o.hold)
}

func TestCancelBeforeLock(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Lock(ctx, "r", exc); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock returned %v", err)
	}
	if n := d.Resources(); n != 0 {
		t.Errorf("%d resources in use", n)
	}
}

// Goroutines of two processes lock with deadlines that end at every point of
// the way. Whoever gets the lock is alone; in the end nothing is left.
func TestCancelAtRandomPoints(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	file := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := program(t, "count", mount, domain, "r", file, "2", "200")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}

	const goroutines, times = 8, 150
	var mu sync.Mutex
	locked, cancelled := 0, 0
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range times {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(400))*time.Microsecond)
				h, err := d.Lock(ctx, "r", exc)
				cancel()
				switch {
				case err == nil:
					if err := addOne(file); err != nil {
						t.Error(err)
					}
					mu.Lock()
					locked++
					mu.Unlock()
					release(t, h)
				case errors.Is(err, context.DeadlineExceeded):
					mu.Lock()
					cancelled++
					mu.Unlock()
				default:
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
	eventually(t, "no resource in use", func() bool { return d.Resources() == 0 })
	if locked+cancelled != goroutines*times {
		t.Errorf("%d locked + %d cancelled, want %d", locked, cancelled, goroutines*times)
	}
	t.Logf("%d locked, %d cancelled", locked, cancelled)
	got, err := os.ReadFile(file)
	if want := strconv.Itoa(400 + locked); err != nil || string(got) != want {
		t.Errorf("the sum is %s (%v), want %s", got, err, want)
	}
}

func TestThousandsWaitWithOneRequest(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{MaxWaiters: 1})
	unblock := blockOpens(t, mount, "r")

	const waiters = 5000
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	errs := make(chan error, waiters)
	for range waiters {
		all.Go(func() {
			_, err := d.Lock(ctx, "r", exc)
			errs <- err
		})
	}
	eventually(t, "all in the queue", func() bool { return d.Waiting("r") == waiters })
	eventually(t, "one request in the kernel", func() bool { return d.Requests() == 1 })
	cancel()
	all.Wait()
	for range waiters {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	unblock()
}

func TestTooManyWaiters(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{MaxWaiters: 2})
	unblockA, unblockB := blockOpens(t, mount, "a"), blockOpens(t, mount, "b")
	a, b := lockLater(t, t.Context(), d, "a"), lockLater(t, t.Context(), d, "b")
	eventually(t, "both in the kernel", func() bool { return d.Requests() == 2 })

	if _, err := d.Lock(t.Context(), "c", exc); !errors.Is(err, libo2dlm.ErrTooManyWaiters) {
		t.Errorf("third Lock returned %v", err)
	}
	if _, err := d.TryLock("c", exc); !errors.Is(err, libo2dlm.ErrTooManyWaiters) {
		t.Errorf("TryLock returned %v", err)
	}
	unblockA()
	oa := <-a
	if oa.err != nil {
		t.Fatal(oa.err)
	}
	// A held lock costs no thread, so there is room again.
	eventually(t, "one in the kernel", func() bool { return d.Requests() == 1 })
	release(t, lock(t, d, "c"))
	unblockB()
	ob := <-b
	if ob.err != nil {
		t.Fatal(ob.err)
	}
	release(t, oa.hold)
	release(t, ob.hold)
}

// Waiting for many locks costs as many threads, but only as long as it lasts.
func TestThreadsEndWithTheirWaits(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	const locks = 200
	before := threads(t)
	var unblocks []func()
	var waits []<-chan outcome
	for i := range locks {
		name := fmt.Sprint("r", i)
		unblocks = append(unblocks, blockOpens(t, mount, name))
		waits = append(waits, lockLater(t, t.Context(), d, name))
	}
	eventually(t, "a thread for each wait", func() bool { return threads(t) >= locks })
	for _, unblock := range unblocks {
		unblock()
	}
	for _, wait := range waits {
		o := <-wait
		if o.err != nil {
			t.Fatal(o.err)
		}
		release(t, o.hold)
	}
	// 8 are kept, one for each processor, and the runtime has some of its own.
	eventually(t, "the threads ended", func() bool { return threads(t) <= before+8+runtime.GOMAXPROCS(0)+4 })
}
