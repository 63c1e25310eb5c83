// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"fmt"
	"slices"
	"testing"
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
