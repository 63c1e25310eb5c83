// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"reflect"
	"testing"
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

func TestHolderString(t *testing.T) {
	for want, h := range map[string]Holder{
		"process 12 (writer) with lock res": {PID: 12, Command: "writer", Resource: "res"},
		"process 13 (joiner)":               {PID: 13, Command: "joiner"},
	} {
		if got := h.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
