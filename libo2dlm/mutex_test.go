// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func mustLock(tb testing.TB, m *libo2dlm.Mutex) {
	tb.Helper()
	if err := m.Lock(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func mustRLock(tb testing.TB, m *libo2dlm.Mutex) {
	tb.Helper()
	if err := m.RLock(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func TestMutexCaches(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	for range 100 {
		mustLock(t, m)
		m.Unlock()
		mustRLock(t, m)
		m.RUnlock()
	}
	if s := d.Stats(); s.Grants != 1 || s.CacheHits < 199 || s.Held != 1 || s.Waiters != 0 {
		t.Errorf("200 uses: %+v", s)
	}
}

// Whoever wants a lock that is only cached gets it: a call of this process,
// another Mutex, another process.
func TestMutexLetsGo(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	m := d.Mutex("r", &libo2dlm.MutexOptions{Idle: -1})
	for range 3 {
		mustLock(t, m)
		m.Unlock()
		release(t, lock(t, d, "r"))
		mustRLock(t, m)
		m.RUnlock()
		second := d.Mutex("r", nil)
		mustLock(t, second)
		second.Unlock()
		mustLock(t, m)
		m.Unlock()
		release(t, lock(t, other, "r"))
		mustLock(t, m)
		m.Unlock()
		for _, of := range []*libo2dlm.Domain{d, other} {
			h, err := of.TryLock("r", exc)
			if err != nil {
				t.Fatalf("TryLock of a cached lock: %v", err)
			}
			release(t, h)
			mustLock(t, m)
			m.Unlock()
		}
	}
	mustLock(t, m)
	defer m.Unlock()
	for _, of := range []*libo2dlm.Domain{d, other} {
		if _, err := of.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
			t.Errorf("TryLock of a locked Mutex returned %v", err)
		}
	}
}

func TestMutexIdle(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", &libo2dlm.MutexOptions{Idle: 10 * time.Millisecond})
	mustLock(t, m)
	time.Sleep(50 * time.Millisecond)
	if s := d.Stats(); s.Held != 1 {
		t.Errorf("a lock that is held was given back: %+v", s)
	}
	m.Unlock()
	eventually(t, "given back", func() bool { return d.Stats().Held == 0 })
	mustLock(t, m)
	m.Unlock()
}

// A contended lock stays for the hold-off, and no longer than it is used then.
func TestMutexHoldOff(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	m := d.Mutex("r", &libo2dlm.MutexOptions{HoldOff: 100 * time.Millisecond})
	start := time.Now()
	mustLock(t, m)
	waiter := lockLater(t, t.Context(), other, "r")
	m.Unlock()
	mustLock(t, m) // still here
	m.Unlock()
	o := <-waiter
	if o.err != nil {
		t.Fatal(o.err)
	}
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("handed over after %v", took)
	}
	release(t, o.hold)
	eventually(t, "counted", func() bool { s := d.Stats(); return s.HandOvers == 1 && s.CacheHits == 2 })
}

func TestMutexReadersTogether(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	a, b := d.Mutex("r", nil), other.Mutex("r", nil)
	mustRLock(t, a)
	mustRLock(t, a)
	mustRLock(t, b)
	var written atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		mustLock(t, b)
		written.Store(true)
		b.Unlock()
	})
	eventually(t, "the writer waits", func() bool { return other.Stats().Waiters == 1 })
	b.RUnlock()
	a.RUnlock()
	if written.Load() {
		t.Error("a writer beside a reader")
	}
	a.RUnlock()
	all.Wait()
}

// The local order is first come, first served: a reader who comes after a writer
// waits for it.
func TestMutexOrder(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	mustLock(t, m)
	var order []int
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if i%3 == 0 {
				mustLock(t, m)
				order = append(order, i)
				m.Unlock()
				return
			}
			mustRLock(t, m)
			m.RUnlock()
		})
		eventually(t, "in the queue", func() bool { return d.Stats().Waiters == i+1 })
	}
	m.Unlock()
	all.Wait()
	for i, got := range order {
		if got != 3*i {
			t.Fatalf("the writers came in the order %v", order)
		}
	}
}

func TestMutexCancel(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	mustLock(t, m)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := m.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock returned %v", err)
	}
	if err := m.RLock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("RLock returned %v", err)
	}
	m.Unlock()

	// A grant that comes after the last waiter has gone does not stay.
	other := startHolder(t, mount, "s")
	late := d.Mutex("s", nil)
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := late.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock returned %v", err)
	}
	other.release()
	eventually(t, "the late grant released", func() bool { s := d.Stats(); return s.Requests == 0 && s.Held == 1 })
	mustLock(t, late)
	late.Unlock()
}

func TestMutexClose(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	idle, used := d.Mutex("idle", nil), d.Mutex("used", nil)
	mustLock(t, idle)
	idle.Unlock()
	mustRLock(t, used)
	waiting := make(chan error, 1)
	go func() { waiting <- used.Lock(context.Background()) }()
	eventually(t, "the writer waits", func() bool { return d.Stats().Waiters == 1 })
	if err := d.Close(); !errors.Is(err, libo2dlm.ErrInUse) {
		t.Errorf("Close returned %v", err)
	}
	if err := <-waiting; !errors.Is(err, libo2dlm.ErrClosed) {
		t.Errorf("Lock during Close returned %v", err)
	}
	for _, m := range []*libo2dlm.Mutex{idle, used, d.Mutex("new", nil)} {
		if err := m.RLock(t.Context()); !errors.Is(err, libo2dlm.ErrClosed) {
			t.Errorf("RLock after Close returned %v", err)
		}
	}
	used.RUnlock()
	if s := d.Stats(); s.Held != 0 {
		t.Errorf("%+v", s)
	}
}

func TestMutexMisuse(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	panics := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s did not panic", name)
			}
		}()
		f()
	}
	panics("Unlock", m.Unlock)
	panics("RUnlock", m.RUnlock)
	mustRLock(t, m)
	panics("Unlock of a read lock", m.Unlock)
	m.RUnlock()
	mustLock(t, m) // and it still works
	panics("RUnlock of a write lock", m.RUnlock)
	m.Unlock()

	only := d.Mutex("only", &libo2dlm.MutexOptions{ExclusiveOnly: true})
	if err := only.RLock(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("RLock with ExclusiveOnly returned %v", err)
	}
	if err := d.Mutex("a/b", nil).Lock(t.Context()); !errors.Is(err, libo2dlm.ErrName) {
		t.Errorf("Lock of a bad name returned %v", err)
	}
	l := only.Locker()
	l.Lock()
	defer l.Unlock()
}

func TestMutexValue(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	if err := m.SetValue(nil); err == nil {
		t.Error("SetValue of a Mutex that is not locked succeeded")
	}
	mustLock(t, m)
	if err := m.SetValue([]byte("v")); err != nil {
		t.Error(err)
	}
	token := m.Token()
	m.Unlock()
	mustRLock(t, m)
	if v, err := m.Value(); err != nil || string(v) != "v" {
		t.Errorf("the value is %q (%v)", v, err)
	}
	if err := m.SetValue([]byte("w")); err == nil {
		t.Error("SetValue of a reader succeeded")
	}
	if m.Token() != token || token == 0 {
		t.Errorf("tokens %v and %v in one tenure", token, m.Token())
	}
	m.RUnlock()
}

// Goroutines of two users of a resource read and write at random, with deadlines
// that end at every point of the way.
func TestMutexAtRandom(t *testing.T) {
	mount := newMount(t)
	var users []*libo2dlm.Mutex
	for range 2 {
		d := join(t, mount, libo2dlm.JoinOptions{})
		users = append(users, d.Mutex("r", &libo2dlm.MutexOptions{HoldOff: 100 * time.Microsecond, Idle: time.Millisecond}))
	}
	const goroutines, times = 8, 400
	var inside atomic.Int64 // readers, or -1 for a writer
	var done atomic.Int64
	var all sync.WaitGroup
	for i := range goroutines {
		m := users[i%len(users)]
		all.Go(func() {
			for range times {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
				if rand.IntN(3) == 0 {
					if m.Lock(ctx) == nil {
						if !inside.CompareAndSwap(0, -1) {
							t.Error("a writer is not alone")
						}
						inside.Store(0)
						done.Add(1)
						m.Unlock()
					}
				} else if m.RLock(ctx) == nil {
					if inside.Add(1) <= 0 {
						t.Error("a reader beside a writer")
					}
					inside.Add(-1)
					done.Add(1)
					m.RUnlock()
				}
				cancel()
			}
		})
	}
	all.Wait()
	t.Logf("%d of %d calls got the lock", done.Load(), goroutines*times)
	if done.Load() == 0 {
		t.Error("nobody ever got the lock")
	}
}

// On a dlmfs that does not say when another node wants a lock, a Mutex keeps it
// for the hold-off only, and gives it to other processes all the same.
func TestMutexWithoutNotice(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	d.PretendCluster()
	m := d.Mutex("r", &libo2dlm.MutexOptions{Idle: -1})
	for range 3 {
		mustLock(t, m)
		m.Unlock()
		eventually(t, "given back", func() bool { return d.Stats().Held == 0 })
		release(t, lock(t, other, "r"))
	}
	h := lock(t, d, "r")
	defer release(t, h)
	select {
	case <-h.Contended():
		t.Error("contended by nobody")
	default:
	}
}
