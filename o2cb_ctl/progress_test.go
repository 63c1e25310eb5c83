// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

func TestShowRegions(t *testing.T) {
	var out strings.Builder
	p := progress{w: &out}
	regions := []heartbeat.Progress{
		{Phase: heartbeat.Started, Elapsed: 9 * time.Second, Expected: 10 * time.Second},
		{Phase: heartbeat.Starting, Elapsed: 4 * time.Second, Expected: 6 * time.Second},
		{Phase: heartbeat.Starting, Elapsed: 3 * time.Second, Expected: 10 * time.Second},
		{Phase: heartbeat.Ran},
	}
	p.showRegions(regions)
	if want := "\r\x1b[Kstarting heartbeat: 2 of 4 regions run … 3 s of about 10 s"; out.String() != want {
		t.Errorf("shown %q, want %q", out.String(), want)
	}
	out.Reset()
	regions[1].Phase, regions[2].Phase = heartbeat.Started, heartbeat.Failed
	p.showRegions(regions)
	if want := "\r\x1b[K"; out.String() != want {
		t.Errorf("at the end %q, want %q", out.String(), want)
	}
}
