// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestReleaseOnce(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	var good atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch err := h.Release(); {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, libo2dlm.ErrReleased):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := good.Load(); n != 1 {
		t.Errorf("%d of 8 releases succeeded", n)
	}

	// The second release of one hold must not release another's.
	next := lock(t, d, "r")
	if err := h.Release(); !errors.Is(err, libo2dlm.ErrReleased) {
		t.Error(err)
	}
	if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock of a held lock: %v", err)
	}
	release(t, next)
}

func TestReleaseOfAClosedDescriptor(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	unix.Close(descriptor(t, mount, "r")) // a bug elsewhere in the program
	if err := h.Release(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Release returned %v", err)
	}
	release(t, lock(t, d, "r"))
}

// The floor of a lock and its release: the three system calls.
func BenchmarkSystemCalls(b *testing.B) {
	mount := b.TempDir()
	file := filepath.Join(mount, "r")
	b.ReportAllocs()
	for b.Loop() {
		fd, err := unix.Open(file, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		if err != nil {
			b.Fatal(err)
		}
		if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
			b.Fatal(err)
		}
		if err := unix.Close(fd); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLockRelease(b *testing.B) {
	d := join(b, b.TempDir(), libo2dlm.JoinOptions{})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		h, err := d.Lock(ctx, "r", exc)
		if err != nil {
			b.Fatal(err)
		}
		if err := h.Release(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTryLockRelease(b *testing.B) {
	d := join(b, b.TempDir(), libo2dlm.JoinOptions{})
	b.ReportAllocs()
	for b.Loop() {
		h, err := d.TryLock("r", exc)
		if err != nil {
			b.Fatal(err)
		}
		if err := h.Release(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkContended(b *testing.B) {
	d := join(b, b.TempDir(), libo2dlm.JoinOptions{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h, err := d.Lock(context.Background(), "r", exc)
			if err != nil {
				b.Error(err)
				return
			}
			if err := h.Release(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
