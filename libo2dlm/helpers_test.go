// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

const (
	domain = "tests"
	exc    = libo2dlm.Exclusive
	shared = libo2dlm.Shared
)

// patience bounds waits for what must happen, so that a broken test ends.
const patience = time.Minute

// eventually waits until done.
func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// leavesNothing fails the test when, some time after its end, goroutines or
// descriptors of files below dir are left.
func leavesNothing(tb testing.TB, dir string) {
	tb.Helper()
	goroutines := runtime.NumGoroutine()
	tb.Cleanup(func() {
		eventually(tb, "all descriptors closed", func() bool { return len(openBelow(tb, dir)) == 0 })
		eventually(tb, "all goroutines ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	})
}

// openBelow returns the files below dir that this process has open.
func openBelow(tb testing.TB, dir string) (paths []string) {
	tb.Helper()
	const fds = "/proc/self/fd"
	entries, err := os.ReadDir(fds)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		// One that was closed meanwhile has no target any more.
		if path, err := os.Readlink(filepath.Join(fds, e.Name())); err == nil && strings.HasPrefix(path, dir+"/") {
			paths = append(paths, path)
		}
	}
	return paths
}

// threads returns how many threads this process has.
func threads(tb testing.TB) int {
	tb.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		tb.Fatal(err)
	}
	return len(tasks)
}

// descriptor returns the descriptor of a lock that this process has open.
func descriptor(tb testing.TB, mount, resource string) int {
	tb.Helper()
	var want, st unix.Stat_t
	if err := unix.Stat(filepath.Join(mount, domain, resource), &want); err != nil {
		tb.Fatal(err)
	}
	for fd := range 1024 {
		if unix.Fstat(fd, &st) == nil && st.Ino == want.Ino && st.Dev == want.Dev {
			return fd
		}
	}
	tb.Fatalf("%s is not open", resource)
	return -1
}

// newMount returns a directory for domains.
func newMount(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	leavesNothing(tb, dir)
	return dir
}

// join joins the domain "tests" below mount for the length of the test.
func join(tb testing.TB, mount string, opts libo2dlm.JoinOptions) *libo2dlm.Domain {
	tb.Helper()
	opts.Mount, opts.SingleNode = mount, true
	d, err := libo2dlm.Join(tb.Context(), domain, &opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}

func lock(tb testing.TB, d *libo2dlm.Domain, resource string) *libo2dlm.Hold {
	tb.Helper()
	return lockAt(tb, d, resource, exc)
}

func lockAt(tb testing.TB, d *libo2dlm.Domain, resource string, level libo2dlm.Level) *libo2dlm.Hold {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h, err := d.Lock(ctx, resource, level)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func release(tb testing.TB, h *libo2dlm.Hold) {
	tb.Helper()
	if err := h.Release(); err != nil {
		tb.Error(err)
	}
}

// outcome is what a call of Lock returned.
type outcome struct {
	hold *libo2dlm.Hold
	err  error
}

// lockLater calls Lock on a goroutine and returns when the call is in the queue.
func lockLater(tb testing.TB, ctx context.Context, d *libo2dlm.Domain, resource string) <-chan outcome {
	tb.Helper()
	return lockLaterAt(tb, ctx, d, resource, exc)
}

func lockLaterAt(tb testing.TB, ctx context.Context, d *libo2dlm.Domain, resource string, level libo2dlm.Level) <-chan outcome {
	tb.Helper()
	before := d.Waiting(resource)
	result := make(chan outcome, 1)
	go func() {
		h, err := d.Lock(ctx, resource, level)
		result <- outcome{h, err}
	}()
	eventually(tb, "Lock in the queue", func() bool { return d.Waiting(resource) > before })
	return result
}

// blockOpens makes open(2) of a resource block in the kernel, as dlmfs does
// while another node holds it, until the function that it returns is called or
// the test ends. It takes a lease on the file: the kernel lets others open it
// only when the lease is given up, or after /proc/sys/fs/lease-break-time (45 s).
func blockOpens(tb testing.TB, mount, resource string) (unblock func()) {
	tb.Helper()
	file := filepath.Join(mount, domain, resource)
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		tb.Fatalf("lease on %s: %v", file, err)
	}
	blocked := true
	unblock = func() {
		if blocked {
			unix.Close(fd)
			blocked = false
		}
	}
	tb.Cleanup(unblock)
	return unblock
}
