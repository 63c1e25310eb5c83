// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
)

const settingsFile = "etc/default/o2cb"

// sentences are the steps of a preview, each with its label.
func sentences(p *Preview) string {
	var lines []string
	for _, s := range p.Plan.Steps {
		lines = append(lines, string(s.Label)+": "+s.String())
	}
	return strings.Join(lines, "\n")
}

func TestPlanFromNothing(t *testing.T) {
	files := machine()
	files[settingsFile] = "O2CB_HEARTBEAT_THRESHOLD=61\n"
	m, _ := manager(t, files, Options{})
	p, err := m.Plan(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	const want = `live: create cluster web
live: set the heartbeat mode of cluster web to local
live: set dead_threshold to 61
live: add node b, number 1, 10.0.0.2 port 7777
live: add node a, number 0, 10.0.0.1 port 7777, the local node`
	if got := sentences(p); got != want || p.Loaded || p.InSync || p.LocalNode != "a" {
		t.Errorf("Plan() = %+v with\n%s\nwant\n%s", p, got, want)
	}
}

func TestPlanOfALivingCluster(t *testing.T) {
	files := onlineMachine()
	m, _ := manager(t, files, Options{})
	p, err := m.Plan(t.Context(), "web")
	if err != nil || !p.InSync || !p.Loaded {
		t.Fatalf("Plan() = %+v, %v, want nothing to do", p, err)
	}
	files[settingsFile] = "O2CB_HEARTBEAT_THRESHOLD=61\nO2CB_FENCE_METHOD=panic\n"
	m, _ = manager(t, files, Options{})
	if p, err = m.Plan(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	const live, all = "live: set fence_method to panic (from reset)", "live: set fence_method to panic (from reset)\nneeds-offline: set dead_threshold to 61 (from 31)"
	if got := sentences(p); got != all || p.InSync {
		t.Errorf("Plan() has\n%s\nwant\n%s", got, all)
	}
	if got := sentences(p.Live()); got != live {
		t.Errorf("Live() has\n%s\nwant\n%s", got, live)
	}
}

func TestPlanRefusesSettings(t *testing.T) {
	files := machine()
	files[settingsFile] = "O2CB_HEARTBEAT_THRESHOLD=$(cat /threshold)\n"
	m, _ := manager(t, files, Options{})
	_, err := m.Plan(t.Context(), "")
	var e *settings.InvalidError
	if !errors.As(err, &e) {
		t.Fatalf("Plan() = %v", err)
	}
	says(t, err, "plan: ", settingsFile+":1:")
}

func TestTargetOfGlobalMode(t *testing.T) {
	files := machine()
	files["etc/ocfs2/cluster.conf"] = strings.Replace(conf2, "node_count = 2\n", "node_count = 2\n\theartbeat_mode = global\n", 1)
	m, _ := manager(t, files, Options{})
	target, err := m.target("")
	if err != nil || target.cluster.Regions == nil || len(target.cluster.Regions) != 0 {
		t.Errorf("target() = %+v, %v, want an empty list of regions, not an open one", target.cluster, err)
	}
}

// interrupted leaves the note of an operation that was cut short.
func interrupted(t *testing.T, m *Manager, commit *plan.Commit) {
	t.Helper()
	node := cluster.Node{Name: "c", Number: 2, Address: netip.MustParseAddr("10.0.0.3"), Port: 7777}
	p := &plan.Plan{Steps: []plan.Step{{Kind: plan.AddNode, Label: plan.Live, Cluster: "web", Node: &node}}}
	journal, err := m.journal()
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Begin(plan.Entry{Operation: "add node c", PID: 12, Begun: time.Now(), Plan: p, Commit: commit}); err != nil {
		t.Fatal(err)
	}
	for _, phase := range []plan.Phase{plan.Doing, plan.Done} {
		if err := journal.Note(plan.Event{Phase: phase}); err != nil {
			t.Fatal(err)
		}
		if phase == plan.Doing {
			if i, err := m.Interrupted(); err != nil || i == nil || i.Standing != 0 {
				t.Errorf("in the middle of a step Interrupted() = %v, %v", i, err)
			}
		}
	}
}

func TestInterrupted(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	with := filepath.Join(root, "with")
	node := "node:\n\tname = c\n\tcluster = web\n\tnumber = 2\n\tip_address = 10.0.0.3\n\tip_port = 7777\n"
	if err := os.WriteFile(with, []byte(conf2+node), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		commit *plan.Commit
		half   bool
	}{
		"all steps stand":         {nil, false},
		"the file has the change": {&plan.Commit{Path: with}, false},
		"the file has it not":     {&plan.Commit{Path: m.config}, true},
		"there is no file":        {&plan.Commit{Path: root + "/none"}, true},
	} {
		interrupted(t, m, tt.commit)
		if i, err := m.Interrupted(); err != nil || (i != nil) != tt.half {
			t.Errorf("%s: Interrupted() = %v, %v", name, i, err)
		}
	}
	interrupted(t, m, &plan.Commit{Path: m.config})
	_, unlock, err := m.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i, err := m.Interrupted(); err != nil || i != nil {
		t.Errorf("while an operation is under way Interrupted() = %v, %v", i, err)
	}
	unlock()
}
