// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		report             libo2cb.Report
		unchanged, changed string
	}{
		{libo2cb.Report{Cluster: "web", Online: true}, "Cluster web is online already: nothing changed", "Cluster web is online"},
		{libo2cb.Report{Cluster: "web"}, // global mode
			"Cluster web is registered already: nothing changed; no heartbeat region runs yet", "Cluster web is registered; no heartbeat region runs yet"},
	} {
		if unchanged, changed := outcome(tt.report); unchanged != tt.unchanged || changed != tt.changed {
			t.Errorf("outcome(%+v) = %q, %q", tt.report, unchanged, changed)
		}
	}
}

func TestPrintReport(t *testing.T) {
	var out strings.Builder
	err := printReport(&out, libo2cb.Report{
		Stack: []stack.Action{{Verb: stack.LoadModule, Object: "configfs", Already: true}, {Verb: stack.Mounting, Object: "/dlm"}},
		Left:  []string{"dom"},
		Steps: []plan.Step{{Kind: plan.RemoveCluster, Cluster: "web"}},
	}, "unchanged", "changed")
	if want := "mount /dlm\nleave lock domain dom\nremove cluster web\nchanged\n"; err != nil || out.String() != want {
		t.Errorf("printed %q, %v, want %q", out.String(), err, want)
	}
}

// What an online that failed has loaded stays, and is told.
func TestPrintLoaded(t *testing.T) {
	var out strings.Builder
	printLoaded(&out, []stack.Action{{Verb: stack.LoadModule, Object: "configfs", Already: true}})
	if out.Len() != 0 {
		t.Errorf("of nothing it printed %q", out.String())
	}
	printLoaded(&out, []stack.Action{{Verb: stack.LoadModule, Object: "configfs"}})
	if want := "load module configfs\no2cb_ctl: what was loaded stays (o2cb_ctl unload)\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestPrintOutcome(t *testing.T) {
	done := []stack.Action{{Verb: stack.LoadModule, Object: "configfs"}}
	for _, tt := range []struct {
		actions []stack.Action
		err     error
		want    string
	}{
		{nil, nil, "nothing\n"},
		{nil, unix.EPERM, ""},
		{done, nil, "load module configfs\n"},
		{done, unix.EPERM, "load module configfs\n"},
	} {
		var out strings.Builder
		if err := printOutcome(&out, tt.actions, tt.err, "nothing"); err != tt.err || out.String() != tt.want {
			t.Errorf("%v, %v: printed %q, %v, want %q", tt.actions, tt.err, out.String(), err, tt.want)
		}
	}
}
