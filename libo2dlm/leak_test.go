// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// forget takes a lock and loses it.
func forget(tb testing.TB, d *libo2dlm.Domain) {
	if _, err := d.Lock(tb.Context(), "r", exc); err != nil {
		tb.Fatal(err)
	}
}

// A Hold that gets lost is reported with the call that took it, and stays held.
func TestLeakedHold(t *testing.T) {
	leaks := make(chan libo2dlm.Leak, 2)
	d, err := libo2dlm.Join(t.Context(), domain, &libo2dlm.JoinOptions{
		Mount: t.TempDir(), SingleNode: true, Leaked: func(l libo2dlm.Leak) { leaks <- l },
	})
	if err != nil {
		t.Fatal(err)
	}
	release(t, lock(t, d, "r")) // no leak
	forget(t, d)
	var leak libo2dlm.Leak
	eventually(t, "reported", func() bool {
		runtime.GC()
		select {
		case leak = <-leaks:
			return true
		case <-time.After(time.Millisecond):
			return false
		}
	})
	if leak.Resource != "r" || !strings.Contains(leak.Stack, "libo2dlm_test.forget") || !strings.Contains(leak.Stack, "leak_test.go:") ||
		strings.Contains(leak.Stack, "libo2dlm.(*Domain).Lock") || !strings.Contains(leak.String(), leak.Stack) {
		t.Errorf("the leak is %v", leak)
	}
	if _, err := d.TryLock("r", exc); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock of a lost lock returned %v", err)
	}
	if err := d.Close(); !errors.Is(err, libo2dlm.ErrInUse) {
		t.Errorf("Close returned %v", err)
	}
	select {
	case more := <-leaks:
		t.Errorf("reported as well: %v", more)
	default:
	}
}
