// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// Callers who make their requests themselves, where they can, exclude each other
// and those who do not, of this process and of another.
func TestInlineExcludes(t *testing.T) {
	const goroutines, times = 4, 50
	mount := newMount(t)
	file := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 2 {
		d := join(t, mount, libo2dlm.JoinOptions{ExclusiveOnly: true})
		for i := range goroutines {
			ctx := context.Background()
			if i%2 == 0 {
				ctx = t.Context() // can end, so not inline
			}
			all.Go(func() {
				for range times {
					h, err := d.Lock(ctx, "r", exc)
					if err != nil {
						t.Error(err)
						return
					}
					if err := addOne(file); err != nil {
						t.Error(err)
					}
					release(t, h)
				}
			})
		}
	}
	all.Wait()
	got, err := os.ReadFile(file)
	if want := strconv.Itoa(2 * goroutines * times); err != nil || string(got) != want {
		t.Errorf("the sum is %s (%v), want %s", got, err, want)
	}
}

func TestInlineFallsBack(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{ExclusiveOnly: true}), join(t, mount, libo2dlm.JoinOptions{})
	background := func() outcome {
		h, err := d.Lock(context.Background(), "r", exc)
		return outcome{h, err}
	}
	for range 3 { // the second is inline
		o := background()
		if o.err != nil {
			t.Fatal(o.err)
		}
		if !d.Warm("r") && d.Stats().Grants > 1 {
			t.Error("not warm")
		}
		release(t, o.hold)
	}
	if s := d.Stats(); s.Grants != 3 || s.Held != 0 || s.Requests != 0 {
		t.Errorf("%+v", s)
	}

	// Somebody else has it now, so the request goes the long way, and waits there.
	h := lock(t, other, "r")
	got := make(chan outcome, 1)
	go func() { got <- background() }()
	<-h.Contended()
	eventually(t, "not warm any more", func() bool { return !d.Warm("r") })
	release(t, h)
	o := <-got
	if o.err != nil {
		t.Fatal(o.err)
	}
	waiter := lockLater(t, t.Context(), d, "r") // in this process
	release(t, o.hold)
	w := <-waiter
	if w.err != nil {
		t.Fatal(w.err)
	}
	release(t, w.hold)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if o := background(); !errors.Is(o.err, libo2dlm.ErrClosed) {
		t.Errorf("Lock after Close returned %v", o.err)
	}
}
