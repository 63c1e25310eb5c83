// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"sync"
	"testing"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// The floor of a Mutex: a lock that knows of this process only.
func BenchmarkRWMutex(b *testing.B) {
	var m sync.RWMutex
	uses := 0
	b.Run("Lock", func(b *testing.B) {
		for b.Loop() {
			m.Lock()
			uses++
			m.Unlock()
		}
	})
	b.Run("RLock", func(b *testing.B) {
		for b.Loop() {
			m.RLock()
			_ = uses
			m.RUnlock()
		}
	})
}

func BenchmarkMutex(b *testing.B) {
	d := join(b, b.TempDir(), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.Run("Lock", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Lock(ctx); err != nil {
				b.Fatal(err)
			}
			m.Unlock()
		}
	})
	b.Run("RLock", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := m.RLock(ctx); err != nil {
				b.Fatal(err)
			}
			m.RUnlock()
		}
	})
	b.Run("100 goroutines", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(50)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := m.Lock(ctx); err != nil {
					b.Error(err)
					return
				}
				m.Unlock()
			}
		})
	})
}

// What a lock that may be shared costs more: its gate, and a descriptor.
func BenchmarkGate(b *testing.B) {
	for name, only := range map[string]bool{"gated": false, "exclusive only": true} {
		b.Run(name, func(b *testing.B) {
			d := join(b, b.TempDir(), libo2dlm.JoinOptions{ExclusiveOnly: only})
			b.ReportAllocs()
			for b.Loop() {
				h, err := d.Lock(context.Background(), "r", exc)
				if err != nil {
					b.Fatal(err)
				}
				if err := h.Release(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A cached Mutex allocates nothing.
func TestMutexAllocatesNothing(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	m := d.Mutex("r", nil)
	mustLock(t, m)
	m.Unlock()
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		if m.Lock(ctx) != nil {
			t.Error("not locked")
		}
		m.Unlock()
		if m.RLock(ctx) != nil {
			t.Error("not locked")
		}
		m.RUnlock()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
