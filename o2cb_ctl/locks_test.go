// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// report is what is shown of one lock that is held and wanted.
func report() libo2cb.LockReport {
	return libo2cb.LockReport{
		Domains: []libo2cb.LockDomain{
			{Name: "billing", Resources: []libo2cb.LockResource{
				{Name: "invoices", Level: libo2cb.ExclusiveLock,
					Holders: []libo2cb.LockHolder{{PID: 12, Command: "writer", Level: libo2cb.ExclusiveLock}, {PID: 13, Command: "c\x1b", Level: libo2cb.ExclusiveLock, Unguarded: true}},
					Waiters: []libo2cb.LockWaiter{{PID: 14, Command: "reader", Kernel: true}, {PID: 15, Command: "x"}}},
				{Name: "idle"},
			}},
			{Name: "empty"},
		},
		DomainsChange: true,
		Waiters:       []libo2cb.LockWaiter{{PID: 16, Command: "y", Kernel: true}},
	}
}

func TestPrintLocks(t *testing.T) {
	var out bytes.Buffer
	if err := printLocks(&out, report()); err != nil {
		t.Fatal(err)
	}
	const want = `DOMAIN   RESOURCE  LEVEL      HOLDERS                               WAITERS
billing  invoices  exclusive  12 writer, 13 c\x1b (without flock)  14 reader (in the kernel), 15 x
billing  idle      -          -                                     -
empty    -         -          -                                     -
a process is joining or leaving a domain or removing a lock: what nobody has open is not shown
waiting for a lock that is not known: 16 y (in the kernel)
`
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	got, _, _ := strings.Cut(out.String(), "processes of others")
	if squeeze(got) != squeeze(want) {
		t.Errorf("printed is\n%s\nwant\n%s", got, want)
	}
}

// What is watched is printed again when it has changed, and not else; an interrupt is
// no failure.
func TestWatchLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		looks := 0
		look := func() (libo2cb.LockReport, error) {
			looks++
			r := report()
			if looks >= 3 {
				r.Domains = r.Domains[:1]
			}
			if looks == 5 {
				cancel()
			}
			return r, nil
		}
		var out bytes.Buffer
		begin := time.Now()
		if err := watchLocks(ctx, &out, locksOptions{}, look); err != nil {
			t.Error(err)
		}
		if n := strings.Count(out.String(), "DOMAIN"); n != 2 || strings.Count(out.String(), "empty") != 1 {
			t.Errorf("printed %d times:\n%s", n, out.String())
		}
		if took := time.Since(begin); looks != 5 || took != 4*lookAtLocks {
			t.Errorf("%d looks in %v", looks, took)
		}
		failure := errors.New("x")
		if err := watchLocks(t.Context(), &out, locksOptions{}, func() (libo2cb.LockReport, error) { return report(), failure }); err != failure {
			t.Errorf("a look that fails: %v", err)
		}
	})
}

func TestBenchResult(t *testing.T) {
	s := &samples{batch: 10}
	for i := 100; i > 0; i-- {
		s.add(time.Duration(i) * 10 * time.Nanosecond)
	}
	got := s.result("x", "y")
	if want := (benchResult{"x", "y", 1000, 50, 50, 99}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (&samples{batch: 2}).result("x", "y"); got.Operations != 0 || got.MeanNS != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}
