// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func TestValue(t *testing.T) {
	mount := newMount(t)
	d, other := join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	if v, err := h.Value(); !errors.Is(err, libo2dlm.ErrValueLost) {
		t.Errorf("the value of a new lock is %q (%v)", v, err)
	}
	h.Token() // writes the block, but sets no value
	if v, err := h.Value(); !errors.Is(err, libo2dlm.ErrValueLost) {
		t.Errorf("the value of a lock with a token is %q (%v)", v, err)
	}
	for _, want := range [][]byte{bytes.Repeat([]byte{0xff}, libo2dlm.MaxValue), {0}, {}} {
		if err := h.SetValue(want); err != nil {
			t.Fatal(err)
		}
		release(t, h)
		reader := lockAt(t, other, "r", shared)
		if got, err := reader.Value(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the value is %q (%v), want %q", got, err, want)
		}
		if err := reader.SetValue(nil); !errors.Is(err, unix.EBADF) {
			t.Errorf("SetValue of a shared hold returned %v", err)
		}
		release(t, reader)
		h = lock(t, d, "r")
	}
	if err := h.SetValue(make([]byte, libo2dlm.MaxValue+1)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("SetValue of too much returned %v", err)
	}
	release(t, h)
	if _, err := h.Value(); !errors.Is(err, libo2dlm.ErrReleased) {
		t.Errorf("Value after Release returned %v", err)
	}
}

func TestRawValue(t *testing.T) {
	d := join(t, newMount(t), libo2dlm.JoinOptions{})
	h := lock(t, d, "r")
	defer release(t, h)
	if err := h.SetRawValue([]byte("written in C")); err != nil {
		t.Fatal(err)
	}
	want := append([]byte("written in C"), make([]byte, 52)...)
	if got, err := h.RawValue(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the block is %q (%v)", got, err)
	}
	if _, err := h.Value(); !errors.Is(err, libo2dlm.ErrForeignValue) {
		t.Errorf("Value of a foreign block returned %v", err)
	}
	if err := h.SetValue(nil); !errors.Is(err, libo2dlm.ErrForeignValue) {
		t.Errorf("SetValue over a foreign block returned %v", err)
	}
	if token := h.Token(); token != 0 {
		t.Errorf("the token beside a foreign block is %v", token)
	}
	if got, err := h.RawValue(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the block was changed: %q (%v)", got, err)
	}
	if err := h.SetRawValue(make([]byte, 65)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("SetRawValue of too much returned %v", err)
	}
	if err := h.SetRawValue(nil); err != nil {
		t.Fatal(err)
	}
	if err := h.SetValue([]byte("v")); err != nil {
		t.Error(err)
	}
}

func TestToken(t *testing.T) {
	mount := newMount(t)
	domains := []*libo2dlm.Domain{join(t, mount, libo2dlm.JoinOptions{}), join(t, mount, libo2dlm.JoinOptions{})}
	first := lock(t, domains[0], "r")
	last := first.Token()
	if last == 0 || !last.Restarted() || last >= 1<<53 {
		t.Errorf("the first token is %v, restarted: %v", last, last.Restarted())
	}
	if again := first.Token(); again != last {
		t.Errorf("tokens %v and %v of one hold", last, again)
	}
	release(t, first)
	for i := range 10 {
		h := lock(t, domains[i%2], "r")
		token := h.Token()
		if token <= last || token.Restarted() {
			t.Errorf("token %v after %v, restarted: %v", token, last, token.Restarted())
		}
		last = token
		release(t, h)
		reader := lockAt(t, domains[0], "r", shared)
		if got := reader.Token(); got != last {
			t.Errorf("a reader has token %v, the last writer had %v", got, last)
		}
		release(t, reader)
	}
	if token := first.Token(); token != 0 {
		t.Errorf("the token of a released hold is %v", token)
	}

	// The value block is lost, as with the node that owned it.
	h := lock(t, domains[0], "r")
	if err := h.SetRawValue(nil); err != nil {
		t.Fatal(err)
	}
	release(t, h)
	h = lock(t, domains[1], "r")
	defer release(t, h)
	if token := h.Token(); token <= last || !token.Restarted() {
		t.Errorf("after a loss token %v follows %v, restarted: %v", token, last, token.Restarted())
	}
}
