// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func TestDomainsAndTheirHolders(t *testing.T) {
	m, _ := manager(t, onlineMachine(), Options{})
	got, err := m.domains(t.Context())
	want := []Domain{
		{Name: "dom", Holders: []Holder{
			{PID: 12, Command: "writer", Resource: "other"},
			{PID: 12, Command: "writer", Resource: "res"},
			{PID: 13, Command: "joiner"},
		}},
		{Name: "idle"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("domains() =\n%+v, %v, want\n%+v", got, err, want)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.domains(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("domains() of an ended context: %v", err)
	}
	bare, _ := manager(t, machine(), Options{})
	if got, err := bare.domains(t.Context()); err != nil || got != nil {
		t.Errorf("domains() without dlmfs = %v, %v", got, err)
	}
}

// The kernel does not list the domains while one is joined or left.
func TestDomainsWhileOneIsJoined(t *testing.T) {
	m, _ := manager(t, onlineMachine(), Options{})
	synctest.Test(t, func(t *testing.T) {
		joined := make(chan struct{})
		defer close(joined)
		m.list = func() ([]string, error) { <-joined; return nil, nil }
		begin := time.Now()
		st, err := m.Status(t.Context())
		if err != nil || !st.DomainsChange || len(st.Domains) != 0 || st.Cluster == nil || time.Since(begin) != listPatience {
			t.Errorf("Status() = %+v, %v after %v", st, err, time.Since(begin))
		}
		for name, do := range map[string]func() error{
			"Offline": func() error { _, err := m.Offline(t.Context(), ""); return err },
			"vacate":  func() error { return m.vacate(t.Context(), "web") },
		} {
			err := do()
			if !errors.Is(err, ErrDomainsChange) || !errors.Is(err, unix.EBUSY) {
				t.Errorf("%s = %v, want ErrDomainsChange", name, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.domains(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("domains() of an ended context: %v", err)
		}
	})
}

func TestHolderString(t *testing.T) {
	for want, h := range map[string]Holder{
		"process 12 (writer) with lock res": {PID: 12, Command: "writer", Resource: "res"},
		"process 13 (joiner)":               {PID: 13, Command: "joiner"},

		"process 14 (asker) asking for lock res": {PID: 14, Command: "asker", Resource: gateOf("res")},
		"process 15 (asker) asking for a lock":   {PID: 15, Command: "asker", Resource: gateOf("a name for which the gate is too long")},
	} {
		if got := h.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
