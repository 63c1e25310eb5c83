// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestSharedTogether(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	a, b := lockAt(t, d, "r", shared), lockAt(t, d, "r", shared)
	c := lockAt(t, other, "r", shared)
	for _, d := range []*libo2dlm.Domain{d, other} {
		if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
			t.Errorf("TryLock exclusively beside shared holders returned %v", err)
		}
	}
	if s := d.Stats(); s.Grants != 1 || s.CacheHits != 1 || s.Held != 1 {
		t.Errorf("two shared holds of one process: %+v", s)
	}
	for _, h := range []*libo2dlm.Hold{a, b, c} {
		release(t, h)
	}
	release(t, lock(t, d, "r"))
}

// Shared holders who come one after the other do not keep a writer out: neither
// one of this process nor one of another.
func TestWriterIsNotStarved(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	other := join(t, mount, libo2dlm.JoinOptions{})
	for _, of := range []struct {
		name   string
		writer *libo2dlm.Domain
	}{{"this process", d}, {"another process", other}} {
		t.Run(of.name, func(t *testing.T) {
			first := lockAt(t, d, "r", shared)
			second := lockAt(t, d, "r", shared) // listens from now on
			writer := lockLater(t, t.Context(), of.writer, "r")
			<-first.Contended()
			reader := lockLaterAt(t, t.Context(), d, "r", shared)
			release(t, first)
			select {
			case <-writer:
				t.Fatal("a writer beside a reader")
			case <-reader:
				t.Fatal("a reader has passed a writer")
			default:
			}
			release(t, second)
			w := <-writer
			if w.err != nil {
				t.Fatal(w.err)
			}
			release(t, w.hold)
			r := <-reader
			if r.err != nil {
				t.Fatal(r.err)
			}
			release(t, r.hold)
		})
	}
}

func TestDowngrade(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	here, there := lockLaterAt(t, t.Context(), d, "r", shared), lockLaterAt(t, t.Context(), other, "r", shared)
	if err := h.Downgrade(); err != nil {
		t.Fatal(err)
	}
	for _, reader := range []<-chan outcome{here, there} {
		o := <-reader
		if o.err != nil {
			t.Fatal(o.err)
		}
		defer release(t, o.hold)
	}
	if err := h.Downgrade(); err != nil {
		t.Errorf("Downgrade of a shared hold returned %v", err)
	}
	if err := h.SetValue([]byte("v")); !errors.Is(err, unix.EBADF) {
		t.Errorf("SetValue after Downgrade returned %v", err)
	}
	release(t, h)
	if err := h.Downgrade(); !errors.Is(err, libo2dlm.ErrReleased) {
		t.Errorf("Downgrade after Release returned %v", err)
	}
}

func TestTryUpgrade(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lockAt(t, d, "r", shared)
	beside := lockAt(t, d, "r", shared)
	if err := h.TryUpgrade(); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryUpgrade beside another holder of this process returned %v", err)
	}
	release(t, beside)
	reader := lockAt(t, other, "r", shared)
	if err := h.TryUpgrade(); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryUpgrade beside another process returned %v", err)
	}
	// The failed attempt has not cost the hold.
	if _, err := other.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock returned %v", err)
	}
	release(t, reader)
	for range 2 {
		if err := h.TryUpgrade(); err != nil {
			t.Fatal(err)
		}
		if _, err := other.TryLock("r", shared); !errors.Is(err, libo2dlm.ErrBusy) {
			t.Errorf("TryLock beside an upgraded hold returned %v", err)
		}
		if err := h.SetValue([]byte("v")); err != nil {
			t.Error(err)
		}
	}
	if err := h.Downgrade(); err != nil {
		t.Fatal(err)
	}
	release(t, lockAt(t, other, "r", shared))
	if err := h.TryUpgrade(); err != nil {
		t.Fatal(err)
	}
	release(t, h)
	if err := h.TryUpgrade(); !errors.Is(err, libo2dlm.ErrReleased) {
		t.Errorf("TryUpgrade after Release returned %v", err)
	}
}

func TestReleaseAndDrop(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	if err := h.ReleaseAndDrop(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Join(mount, domain)); err != nil || len(entries) != 0 {
		t.Errorf("left: %v (%v)", entries, err)
	}
	if err := h.ReleaseAndDrop(); !errors.Is(err, libo2dlm.ErrReleased) {
		t.Errorf("the second one returned %v", err)
	}

	// What others of this node wait for stays.
	other := join(t, mount, libo2dlm.JoinOptions{})
	h = lock(t, d, "r")
	waiter := lockLater(t, t.Context(), other, "r")
	<-h.Contended()
	if err := h.ReleaseAndDrop(); err != nil {
		t.Fatal(err)
	}
	o := <-waiter
	if o.err != nil {
		t.Fatal(o.err)
	}
	release(t, o.hold)
}

func TestRemove(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	if err := d.Remove("r"); err != nil {
		t.Errorf("Remove of a lock that is not there returned %v", err)
	}
	h := lock(t, d, "r")
	if err := d.Remove("r"); !errors.Is(err, libo2dlm.ErrInUse) {
		t.Errorf("Remove of a held lock returned %v", err)
	}
	release(t, h)
	other := startHolder(t, mount, "r")
	if err := d.Remove("r"); !errors.Is(err, libo2dlm.ErrInUse) {
		t.Errorf("Remove of a lock that another process holds returned %v", err)
	}
	other.release()
	m := d.Mutex("r", nil)
	if err := m.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("r"); !errors.Is(err, libo2dlm.ErrInUse) {
		t.Errorf("Remove of a locked Mutex returned %v", err)
	}
	m.Unlock()
	if err := d.Remove("r"); err != nil {
		t.Errorf("Remove of a cached lock returned %v", err)
	}
	if entries, err := os.ReadDir(filepath.Join(mount, domain)); err != nil || len(entries) != 0 {
		t.Errorf("left: %v (%v)", entries, err)
	}
	if err := d.Remove("a/b"); !errors.Is(err, libo2dlm.ErrName) {
		t.Errorf("Remove of a bad name returned %v", err)
	}
}

func TestGateNames(t *testing.T) {
	seen := map[string]string{}
	for n := 1; n <= 31; n++ {
		name := strings.Repeat("n", n)
		gate := libo2dlm.Gate(name)
		if len(gate) > 31 || !strings.HasPrefix(gate, ".gate") {
			t.Errorf("the gate of %q is %q", name, gate)
		}
		if other, ok := seen[gate]; ok {
			t.Errorf("%q and %q have one gate", name, other)
		}
		seen[gate] = name
	}
	// Every version must agree on these.
	for name, want := range map[string]string{
		"r":                     ".gate.r",
		strings.Repeat("x", 25): ".gate." + strings.Repeat("x", 25),
		strings.Repeat("x", 26): ".gate#18d2a9c4fd84ab056bc0b93ce",
	} {
		if got := libo2dlm.Gate(name); got != want {
			t.Errorf("the gate of %q is %q, want %q", name, got, want)
		}
	}
}

func TestContended(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	for _, by := range []*libo2dlm.Domain{d, other} {
		h := lock(t, d, "r")
		wanted := h.Contended()
		select {
		case <-wanted:
			t.Fatal("contended by nobody")
		default:
		}
		waiter := lockLater(t, t.Context(), by, "r")
		<-wanted
		<-h.Contended()
		release(t, h)
		<-h.Contended()
		o := <-waiter
		if o.err != nil {
			t.Fatal(o.err)
		}
		release(t, o.hold)
	}
}

// A knock that came before anybody listened is repeated.
func TestContendedLate(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	waiter := lockLater(t, t.Context(), other, "r")
	eventually(t, "the request in flock", func() bool { return strings.Count(fmt.Sprint(openBelow(t, mount)), "/r") >= 2 })
	<-h.Contended()
	release(t, h)
	o := <-waiter
	if o.err != nil {
		t.Fatal(o.err)
	}
	release(t, o.hold)
}

// What `o2cb_ctl offline --force` does to ask for a lock, again and again: who has just
// been granted the lock may not listen yet.
func TestContendedByTouch(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	wanted := h.Contended()
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	eventually(t, "told that somebody touches the lock", func() bool {
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(mount, domain, "r"), now, 0); err != nil {
			t.Fatal(err)
		}
		select {
		case <-wanted:
			return true
		default:
			return false
		}
	})
	release(t, h)
}
