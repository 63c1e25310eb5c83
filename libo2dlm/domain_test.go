// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestLockServesGoroutinesInOrder(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	first := lock(t, d, "r")

	const waiters = 20
	served := make(chan int, waiters)
	var all sync.WaitGroup
	for i := range waiters {
		all.Go(func() {
			h := lock(t, d, "r")
			served <- i
			release(t, h)
		})
		eventually(t, "in the queue", func() bool { return d.Waiting("r") == i+1 })
	}
	eventually(t, "no request in the kernel for a lock that this process holds", func() bool { return d.Requests() == 0 })
	release(t, first)
	all.Wait()
	for i := range waiters {
		if got := <-served; got != i {
			t.Fatalf("served number %d as number %d", got, i)
		}
	}
	eventually(t, "no resource in use after the last release", func() bool { return d.Resources() == 0 })
}

func TestLockIsPerResource(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	a, b := lock(t, d, "a"), lock(t, d, "b")
	release(t, a)
	release(t, b)
}

func TestLockExcludesProcesses(t *testing.T) {
	for _, how := range []string{"release", "kill"} {
		t.Run(how, func(t *testing.T) {
			mount := newMount(t)
			d := join(t, mount, libo2dlm.JoinOptions{})
			other := startHolder(t, mount, "r")

			if h, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) || !errors.Is(err, unix.EWOULDBLOCK) {
				t.Fatalf("TryLock of a held lock: %v, %v", h, err)
			}
			got := lockLater(t, t.Context(), d, "r")
			eventually(t, "the request in flock", func() bool { return slices.Contains(openBelow(t, mount), filepath.Join(mount, domain, "r")) })
			select {
			case o := <-got:
				t.Fatalf("served while another process holds the lock: %v", o.err)
			default:
			}
			if how == "kill" {
				other.kill()
			} else {
				other.release()
			}
			o := <-got
			if o.err != nil {
				t.Fatal(o.err)
			}
			release(t, o.hold)
		})
	}
}

func TestProcessesAndGoroutinesCount(t *testing.T) {
	const processes, goroutines, times = 3, 4, 40
	mount := newMount(t)
	file := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range processes {
		cmd := program(t, "count", mount, domain, "r", file, strconv.Itoa(goroutines), strconv.Itoa(times))
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	got, err := os.ReadFile(file)
	if want := strconv.Itoa(processes * goroutines * times); err != nil || string(got) != want {
		t.Errorf("the sum is %s (%v), want %s", got, err, want)
	}
}

func TestTryLock(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	h, err := d.TryLock("r", exc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("second TryLock returned %v", err)
	}
	release(t, h)

	blockOpens(t, mount, "leased")
	if _, err := d.TryLock("leased", exc); !errors.Is(err, libo2dlm.ErrBusy) || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("TryLock of a file that does not open at once returned %v", err)
	}
}

func TestClose(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	unblock := blockOpens(t, mount, "blocked")
	inKernel := lockLater(t, t.Context(), d, "blocked")
	h, g := lock(t, d, "held"), lock(t, d, "also held")
	queued := lockLater(t, t.Context(), d, "held")
	eventually(t, "the request in the kernel", func() bool { return d.Requests() == 1 })

	err := d.Close()
	if !errors.Is(err, libo2dlm.ErrInUse) || !strings.HasSuffix(err.Error(), ": also held, held") {
		t.Errorf("Close with two locks held returned %v", err)
	}
	for _, waiter := range []<-chan outcome{inKernel, queued} {
		if o := <-waiter; !errors.Is(o.err, libo2dlm.ErrClosed) {
			t.Errorf("Lock during Close returned %v", o.err)
		}
	}
	if _, err := d.Lock(t.Context(), "r", exc); !errors.Is(err, libo2dlm.ErrClosed) {
		t.Errorf("Lock after Close returned %v", err)
	}
	if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrClosed) {
		t.Errorf("TryLock after Close returned %v", err)
	}

	// What is held is still held.
	other := join(t, mount, libo2dlm.JoinOptions{})
	if _, err := other.TryLock("held", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock of a lock held through a closed domain returned %v", err)
	}
	release(t, h)
	release(t, g)
	release(t, lock(t, other, "held"))
	for range 2 {
		if err := d.Close(); err != nil {
			t.Errorf("Close after the release returned %v", err)
		}
	}
	unblock() // newMount checks that nothing is left
}

func TestLockRefusesLevels(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{ExclusiveOnly: true})
	for _, level := range []libo2dlm.Level{0, shared, 7} {
		_, err := d.Lock(t.Context(), "r", level)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), level.String()) {
			t.Errorf("Lock with %v returned %v", level, err)
		}
		if _, err := d.TryLock("r", level); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("TryLock with %v returned %v", level, err)
		}
	}
}

func TestLockRefusesNames(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	for _, name := range []string{
		"", ".", "..", ".0123456789abcdef", "$RECOVERY", "a/b", "/", "../x", "a\x00b", strings.Repeat("n", 32),
	} {
		_, err := d.Lock(t.Context(), name, exc)
		var e *libo2dlm.Error
		if !errors.Is(err, libo2dlm.ErrName) || !errors.As(err, &e) || e.Resource != name {
			t.Errorf("Lock of %q returned %v", name, err)
		}
	}
	for _, name := range []string{"a", " ", "-r", "a.b", "a$", "ä\n", strings.Repeat("n", 31)} {
		release(t, lock(t, d, name))
		if _, err := os.Stat(filepath.Join(mount, domain, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestLockRefusesLinks(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	if err := os.Symlink(filepath.Join(mount, "elsewhere"), filepath.Join(mount, domain, "r")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(t.Context(), "r", exc); !errors.Is(err, unix.ELOOP) {
		t.Errorf("Lock of a symbolic link returned %v", err)
	}
}

// A lock file that was removed by hand is held by somebody who waited for it;
// a newcomer makes another. They must not both hold.
func TestRemovedFile(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{ExclusiveOnly: true}) // at the gate the newcomer would wait
	file := filepath.Join(mount, domain, "r")
	other := startHolder(t, mount, "r")
	waiter := lockLater(t, t.Context(), d, "r")
	eventually(t, "the request in flock", func() bool { return slices.Contains(openBelow(t, mount), file) })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	newcomer := startHolder(t, mount, "r")

	other.release()
	eventually(t, "the waiter at the new file", func() bool {
		return slices.Contains(openBelow(t, mount), file)
	})
	select {
	case <-waiter:
		t.Fatal("two holders")
	default:
	}
	newcomer.release()
	o := <-waiter
	if o.err != nil {
		t.Fatal(o.err)
	}
	release(t, o.hold)
}

func TestRemovedDomain(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{ExclusiveOnly: true}) // no gates to count
	release(t, lock(t, d, "r"))
	if err := os.RemoveAll(filepath.Join(mount, domain)); err != nil {
		t.Fatal(err)
	}
	// Several requests find it at once; they must all end in the same new one.
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { release(t, lock(t, d, fmt.Sprint("r", i))) })
	}
	all.Wait()
	entries, err := os.ReadDir(filepath.Join(mount, domain))
	if err != nil || len(entries) != 8 {
		t.Errorf("%d locks in the new domain (%v), want 8", len(entries), err)
	}
	// The last request may still be on its way out.
	eventually(t, "nothing open but the new directory", func() bool {
		return slices.Equal(openBelow(t, mount), []string{filepath.Join(mount, domain)})
	})
}

func TestRemovedMount(t *testing.T) {
	mount := filepath.Join(newMount(t), "mount")
	if err := os.Mkdir(mount, 0o700); err != nil {
		t.Fatal(err)
	}
	d := join(t, mount, libo2dlm.JoinOptions{})
	if err := os.RemoveAll(mount); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(t.Context(), "r", exc); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "removed") {
		t.Errorf("Lock without a mount point returned %v", err)
	}
}

func TestTooManyOpenFiles(t *testing.T) {
	out, err := program(t, "starve", newMount(t), domain).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "too many open files") || !strings.Contains(string(out), "ulimit -n") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestChildrenInheritNoLock(t *testing.T) {
	mount := newMount(t)
	d := join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	defer release(t, h)
	out, err := exec.Command("ls", "-l", "/proc/self/fd").CombinedOutput()
	if err != nil || strings.Contains(string(out), mount) {
		t.Errorf("%v; a child has open:\n%s", err, out)
	}
}

// A child that is being forked has a copy of every descriptor. It must not keep
// the other processes of this node out.
func TestReleaseWhileForking(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	child, err := unix.FcntlInt(uintptr(descriptor(t, mount, "r")), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(child)

	syscall.ForkLock.Lock() // as while forking
	release(t, h)
	syscall.ForkLock.Unlock()
	h, err = other.TryLock("r", exc)
	if err != nil {
		t.Fatal(err)
	}
	release(t, h)
}
