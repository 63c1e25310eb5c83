// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLockMonitor(t *testing.T) {
	key := setKey(newRegion(t)) // any other would meet a monitor of this machine
	exists := func() bool { return slices.Contains(semaphoreKeys(t), fmt.Sprint(key)) }
	for range 2 {
		unlock, err := lockMonitor(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lockMonitor(key); !errors.Is(err, ErrMonitorRuns) {
			t.Errorf("a second one: %v", err)
		}
		if !exists() {
			t.Error("there is no semaphore")
		}
		for range 2 {
			if err := unlock(); err != nil {
				t.Errorf("unlock: %v", err)
			}
		}
		if exists() {
			t.Error("the semaphore stays behind")
		}
	}
}

// A monitor that was killed leaves its semaphore at 0, as the C program does
// whenever it ends.
func TestLockMonitorLeftover(t *testing.T) {
	key := setKey(newRegion(t))
	if _, err := semGet(key, 1, ipcCreate|semMode); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockMonitor(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}

// TestStopMonitor has this process be the monitor: SIGTERM reaches it if it is called
// what a monitor is called, and no other.
func TestStopMonitor(t *testing.T) {
	key := setKey(newRegion(t))
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(comm))
	if err := stopMonitor(key, name); err != nil {
		t.Errorf("without a monitor: %v", err)
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	defer signal.Stop(asked)
	unlock, err := lockMonitor(key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unlock() }()
	if err := stopMonitor(key, "another"); err != nil {
		t.Errorf("a process of another name: %v", err)
	}
	select {
	case <-asked:
		t.Error("a process that is not called a monitor got a signal")
	default:
	}
	if err := stopMonitor(key, name); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if err := stopMonitor(key, name); err != nil {
		t.Errorf("after its end: %v", err)
	}
}
