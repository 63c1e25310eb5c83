// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLockExcludes(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	var inside, most int
	var mu sync.Mutex
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		inside += by
		most = max(most, inside)
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			_, unlock, err := m.lock(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			count(1)
			for range 100 { // time for the others to get in, if they could
				runtime.Gosched()
			}
			count(-1)
			unlock()
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d were inside at once", most)
	}
}

// Starts of a heartbeat go side by side; what changes the cluster does not.
func TestLockShared(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(ErrLocked)
	_, first, err := m.lockShared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := m.lockShared(ended)
	if err != nil {
		t.Fatalf("a second start waits: %v", err)
	}
	first()
	if _, _, err := m.lock(ended); !errors.Is(err, ErrLocked) {
		t.Errorf("lock() beside a start: %v", err)
	}
	second()
	_, change, err := m.lock(ended)
	if err != nil {
		t.Fatal(err)
	}
	defer change()
	if _, _, err := m.lockShared(ended); !errors.Is(err, ErrLocked) {
		t.Errorf("lockShared() beside a change: %v", err)
	}
	for name, do := range map[string]func() error{
		"StartHeartbeat": func() error { _, err := m.StartHeartbeat(ended, "/dev/nothing", nil); return err },
		"StopHeartbeat":  func() error { _, _, err := m.StopHeartbeat(ended, "R1"); return err },
	} {
		if err := do(); !errors.Is(err, ErrLocked) {
			t.Errorf("%s beside a change: %v", name, err)
		}
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	m, root := manager(t, machine(), Options{})
	_, unlock, err := m.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrLocked)
	_, _, err = m.lock(ctx)
	if !errors.Is(err, ErrLocked) {
		t.Errorf("lock() = %v", err)
	}
	says(t, err, filepath.Join(root, lockFile), fmt.Sprintf("process %d", os.Getpid()))
	unlock()
	_, again, err := m.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestLockFollowsNoLink(t *testing.T) {
	m, root := manager(t, machine(), Options{})
	path := filepath.Join(root, lockFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(root, "etc/ocfs2/cluster.conf")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.lock(t.Context()); !errors.Is(err, unix.ELOOP) {
		t.Errorf("lock() through a link: %v", err)
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != conf2 {
		t.Errorf("the file behind the link holds %q, %v", content, err)
	}
}

// Who may not open the lock file reads the kernel's list.
func TestIsLocked(t *testing.T) {
	m, root := manager(t, machine(), Options{})
	path := filepath.Join(root, "held")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Symlink("/proc/locks", filepath.Join(root, "proc/locks")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{false, true} {
		if want {
			if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := m.isLocked(path); err != nil || got != want {
			t.Errorf("isLocked() = %v, %v, want %v", got, err, want)
		}
	}
}
