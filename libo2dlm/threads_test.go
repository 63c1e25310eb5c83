// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inTemporary returns the threads of a directory that the test may use.
func inTemporary(t *testing.T) (*threads, int) {
	t.Helper()
	dir, err := openPath(unix.AT_FDCWD, t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ts, err := newThreads(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ts.close()
		unix.Close(dir)
	})
	return ts, dir
}

// kept returns how many threads wait for work.
func (t *threads) kept() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.idle)
}

// A thread apart has nothing of what the process has open, and what it opens is the
// process's afterwards and no longer its own.
func TestThreadHasATableOfItsOwn(t *testing.T) {
	ts, dir := inTemporary(t)
	mine, err := os.Create(filepath.Join(t.TempDir(), "mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	a := ts.take()
	defer ts.give(a)
	var name lockName
	name.set("lock")
	var there int
	var seen error
	fd, err := a.open(func() (int, error) {
		_, seen = unix.FcntlInt(mine.Fd(), unix.F_GETFD, 0)
		there, err = openLock(dir, &name, Exclusive, 0)
		return there, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if seen != unix.EBADF {
		t.Errorf("the thread has a file of the process: %v", seen)
	}
	if _, err := unix.Write(fd, []byte("value")); err != nil {
		t.Errorf("the process has not what the thread opened: %v", err)
	}
	var left error
	a.do(func() { _, left = unix.FcntlInt(uintptr(there), unix.F_GETFD, 0) })
	if left != unix.EBADF {
		t.Errorf("the thread still has what it passed on: %v", left)
	}
}

// What cannot be opened is an error, after which the next one can.
func TestThreadGoesOnAfterAnError(t *testing.T) {
	ts, _ := inTemporary(t)
	a := ts.take()
	defer ts.give(a)
	refused := errors.New("refused")
	if fd, err := a.open(func() (int, error) { return noFile, refused }); err != refused || fd != noFile {
		t.Errorf("got %d, %v", fd, err)
	}
	fd, err := a.open(func() (int, error) { return unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// Where the process has no number left for a descriptor, that is said, and no message
// lies in the way of the next.
func TestNoNumberForADescriptor(t *testing.T) {
	ts, _ := inTemporary(t)
	a := ts.take()
	defer ts.give(a)
	null := func() (int, error) { return unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0) }
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	var free int
	a.do(func() { free, _ = null() })
	var fills []int
	defer func() {
		for _, fd := range fills {
			unix.Close(fd)
		}
	}()
	for { // all numbers below the limit
		fd, err := null()
		if err != nil {
			t.Fatal(err)
		}
		fills = append(fills, fd)
		if fd > free+8 {
			break
		}
	}
	full := unix.Rlimit{Cur: uint64(fills[len(fills)-1] + 1), Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &full); err != nil {
		t.Fatal(err)
	}
	_, err := a.open(func() (int, error) { return free, nil })
	if again := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); again != nil {
		t.Fatal(again)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v, want EMFILE", err)
	}
	fd, err := a.open(null)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// Threads are used again, a few of them, for a while.
func TestThreadsAreKept(t *testing.T) {
	ts, _ := inTemporary(t)
	var all []*apart
	for range keptApart + 2 {
		all = append(all, ts.take())
	}
	for _, a := range all {
		ts.give(a)
	}
	if n := ts.kept(); n != keptApart {
		t.Errorf("%d threads are kept, want %d", n, keptApart)
	}
	again := ts.take()
	if again != all[keptApart-1] {
		t.Error("the thread that ran last is not used again")
	}
	ts.give(again)
	for deadline := time.Now().Add(time.Minute); ts.kept() != 0; time.Sleep(keptFor / 10) {
		if time.Now().After(deadline) {
			t.Fatalf("%d threads are kept after a minute without work", ts.kept())
		}
	}
}
