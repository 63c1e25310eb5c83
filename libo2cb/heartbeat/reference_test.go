// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// holderVariable makes the test binary a process that holds something of the
// region named by it until its standard input ends.
const holderVariable = "O2CB_TEST_HOLDER"

func TestMain(m *testing.M) {
	if region := os.Getenv(holderVariable); region != "" {
		os.Exit(hold(region))
	}
	os.Exit(m.Run())
}

// hold takes one reference of each kind, takes the mutex, says so, and waits.
func hold(region string) int {
	s, err := lockSet(context.Background(), region)
	if err == nil {
		err = errors.Join(s.take(ProcessBound), s.take(Persistent))
	}
	fmt.Println("holding", err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// startHolder runs hold in another process and returns a function that kills it.
func startHolder(t *testing.T, region string) (kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holderVariable+"="+region)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "holding <nil>\n" {
		t.Fatalf("holder says %q (%v)", line, err)
	}
	return func() {
		_ = cmd.Process.Signal(unix.SIGKILL)
		_ = cmd.Wait()
		stdin.Close()
	}
}

// The key that the C programs were seen to use for this region.
func TestSetKey(t *testing.T) {
	if got := uint32(setKey("52AA69F32F394C6EB28419F786C5BF0C")); got != 0xe40e3c54 {
		t.Errorf("key %#x, want 0xe40e3c54", got)
	}
}

// The kernel takes back what a killed process holds, other than what is
// persistent, whatever thread of it had taken it.
func TestKilledHolder(t *testing.T) {
	region := newRegion(t)
	kill := startHolder(t, region)
	wantReferences(t, region, 2)
	kill()
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
}

// A set that is removed while somebody waits for it is looked for again.
func TestLockRemovedSet(t *testing.T) {
	region := newRegion(t)
	first, err := lockSet(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	locked := make(chan *set)
	go func() {
		second, err := lockSet(t.Context(), region)
		if err != nil {
			t.Error(err)
		}
		locked <- second
	}()
	waitForWaiter(t, first)
	if err := first.remove(); err != nil {
		t.Fatal(err)
	}
	second := <-locked
	if second == nil || second.id == first.id {
		t.Fatalf("locked %+v after %+v was removed", second, first)
	}
	if err := errors.Join(first.remove(), first.unlock()); err != nil {
		t.Errorf("a set that is gone: %v", err)
	}
	if _, err := first.count(); !gone(err) {
		t.Errorf("count of a set that is gone: error %v", err)
	}
	if err := second.unlock(); err != nil {
		t.Error(err)
	}
}

// waitForWaiter returns when somebody sleeps until the mutex of s is zero.
// GETZCNT, include/uapi/linux/sem.h.
func waitForWaiter(t *testing.T, s *set) {
	t.Helper()
	const waitingForZero = 15
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(s.id), semMutex, waitingForZero, 0, 0, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		if n > 0 {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
		time.Sleep(time.Millisecond)
	}
}

// Under the signals of Go's runtime no call gives up.
func TestSemOpInterrupted(t *testing.T) {
	region := newRegion(t)
	s, err := lockSet(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	thread := make(chan int)
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		result <- semOp(s.id, time.Minute, semBuf{number: semMutex, change: 0})
	}()
	tid := <-thread
	for range 5 {
		waitForWaiter(t, s)
		if err := unix.Tgkill(os.Getpid(), tid, unix.SIGURG); err != nil {
			t.Fatal(err)
		}
	}
	waitForWaiter(t, s)
	select {
	case err := <-result:
		t.Fatalf("gave up with %v", err)
	default:
	}
	if err := s.unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}
