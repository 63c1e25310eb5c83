// SPDX-License-Identifier: Apache-2.0

package dlmtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/libo2dlm/dlmtest"
)

const (
	domain   = "myapp"
	resource = "thing"
)

// program joins the domain as the program under test does.
func program(t *testing.T, c *dlmtest.Cluster) *libo2dlm.Domain {
	t.Helper()
	d, err := libo2dlm.Join(t.Context(), domain, c.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func node(t *testing.T, c *dlmtest.Cluster) *dlmtest.Node {
	t.Helper()
	n, err := c.Node(domain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func taken(t *testing.T, h *libo2dlm.Hold, err error) *libo2dlm.Hold {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func given(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestAnotherNodeHolds(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	h, err := other.TryLock(resource, libo2dlm.Exclusive)
	taken(t, h, err)
	for _, level := range []libo2dlm.Level{libo2dlm.Shared, libo2dlm.Exclusive} {
		if _, err := d.TryLock(resource, level); !errors.Is(err, libo2dlm.ErrBusy) {
			t.Errorf("TryLock beside another node: %v", err)
		}
	}
	given(t, h.Release())
	h, err = d.TryLock(resource, libo2dlm.Exclusive)
	given(t, taken(t, h, err).Release())
}

func TestAnotherNodeWants(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	h, err := d.Lock(t.Context(), resource, libo2dlm.Exclusive)
	taken(t, h, err)
	wanted := other.Want(resource, libo2dlm.Shared)
	<-h.Contended()
	select {
	case <-wanted.Done():
		t.Error("two holders")
	default:
	}
	given(t, h.Release())
	h, err = wanted.Hold()
	given(t, taken(t, h, err).Release())
}

// A Mutex of the program gives way to another node.
func TestMutexGivesWay(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	m := d.Mutex(resource, nil)
	given(t, m.Lock(t.Context()))
	wanted := other.Want(resource, libo2dlm.Exclusive)
	m.Unlock()
	h, err := wanted.Hold()
	given(t, taken(t, h, err).Release())
}

func TestRequestIsTakenBack(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	h, err := d.Lock(t.Context(), resource, libo2dlm.Exclusive)
	taken(t, h, err)
	wanted := other.Want(resource, libo2dlm.Exclusive)
	wanted.Cancel()
	if _, err := wanted.Hold(); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that was taken back: %v", err)
	}
	given(t, h.Release())
}

func setValue(t *testing.T, h *libo2dlm.Hold, text string) libo2dlm.Token {
	t.Helper()
	given(t, h.SetValue([]byte(text)))
	return h.Token()
}

// The values of what a dead node held exclusively are lost, and its locks free.
func TestCrash(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	h, err := other.Lock(t.Context(), resource, libo2dlm.Exclusive)
	before := setValue(t, taken(t, h, err), "x")
	h, err = other.Lock(t.Context(), "read", libo2dlm.Exclusive)
	setValue(t, taken(t, h, err), "y")
	given(t, h.Downgrade())
	waiting := other.Want("read", libo2dlm.Exclusive) // behind its own hold
	given(t, other.Crash())
	if _, err := waiting.Hold(); err == nil {
		t.Error("a dead node was granted a lock")
	}

	h, err = d.TryLock(resource, libo2dlm.Exclusive)
	if _, err := taken(t, h, err).Value(); !errors.Is(err, libo2dlm.ErrValueLost) {
		t.Errorf("the value of a dead node: %v", err)
	}
	if token := h.Token(); !token.Restarted() || token <= before {
		t.Errorf("token %v after %v", token, before)
	}
	given(t, h.Release())
	h, err = d.TryLock("read", libo2dlm.Exclusive)
	if value, err := taken(t, h, err).Value(); err != nil || string(value) != "y" {
		t.Errorf("the value of what a dead node held shared: %q, %v", value, err)
	}
	given(t, h.Release())
	if _, err := other.TryLock(resource, libo2dlm.Exclusive); !errors.Is(err, libo2dlm.ErrClosed) {
		t.Errorf("TryLock of a dead node: %v", err)
	}
}

func TestLoseValue(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d := program(t, c)
	h, err := d.Lock(t.Context(), resource, libo2dlm.Exclusive)
	setValue(t, taken(t, h, err), "x")
	if err := c.LoseValue(domain, resource); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("the value of a held lock: %v", err)
	}
	given(t, h.Release())
	given(t, c.LoseValue(domain, resource))
	h, err = d.Lock(t.Context(), resource, libo2dlm.Shared)
	if _, err := taken(t, h, err).Value(); !errors.Is(err, libo2dlm.ErrValueLost) {
		t.Errorf("a lost value: %v", err)
	}
	given(t, h.Release())
	if err := c.LoseValue(domain, "a/b"); !errors.Is(err, libo2dlm.ErrName) {
		t.Errorf("an invalid name: %v", err)
	}
	if err := c.LoseValue("", resource); !errors.Is(err, libo2dlm.ErrName) {
		t.Errorf("no domain: %v", err)
	}
}

// While a lock is stalled nobody gets an answer, and then everybody does.
func TestStall(t *testing.T) {
	c := dlmtest.New(t.TempDir())
	d, other := program(t, c), node(t, c)
	m := d.Mutex("cached", nil)
	given(t, m.Lock(t.Context()))
	m.Unlock()

	resume, err := c.Stall(domain, resource)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Stall(domain, "cached")
	if err != nil {
		t.Fatal(err)
	}
	given(t, m.Lock(t.Context()))
	m.Unlock()
	again()

	one, two := other.Want(resource, libo2dlm.Shared), other.Want("free", libo2dlm.Exclusive)
	h, err := two.Hold()
	given(t, taken(t, h, err).Release())
	if _, err := d.TryLock(resource, libo2dlm.Exclusive); !errors.Is(err, libo2dlm.ErrBusy) {
		t.Errorf("TryLock of a stalled lock: %v", err)
	}
	select {
	case <-one.Done():
		t.Error("a stalled request was answered")
	default:
	}
	resume()
	resume()
	h, err = one.Hold()
	given(t, taken(t, h, err).Release())
	if _, err := c.Stall("", resource); !errors.Is(err, libo2dlm.ErrName) {
		t.Errorf("Stall of no domain: %v", err)
	}
}

func TestClusterNeedsItsDirectory(t *testing.T) {
	c := dlmtest.New(t.TempDir() + "/nothing")
	if _, err := c.Node(domain); err == nil {
		t.Error("a node without a directory")
	}
	if err := c.LoseValue(domain, resource); err == nil {
		t.Error("LoseValue without a directory")
	}
	if _, err := c.Stall(domain, resource); err == nil {
		t.Error("Stall without a directory")
	}
}
