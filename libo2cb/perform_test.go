// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// easyStarter starts regions by making their directories. On these fixtures no
// directory with attributes can be removed: a region that is to be stopped shows
// in an error.
type easyStarter struct {
	root  string
	after func()
}

func (*easyStarter) Start(context.Context, heartbeat.Request) (*heartbeat.Result, error) {
	return nil, errors.New("not in local mode")
}

func (s *easyStarter) StartAll(_ context.Context, name string, requests []heartbeat.Request, _ func([]heartbeat.Progress)) ([]heartbeat.Result, error) {
	for _, r := range requests {
		dir := filepath.Join(s.root, "sys/kernel/config/cluster", name, "heartbeat", r.UUID)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		for name, value := range map[string]string{"dev": "sdb1\n", "blocks": "255\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
				return nil, err
			}
		}
	}
	if s.after != nil {
		s.after()
	}
	return nil, nil
}

// findAll finds a volume for each UUID.
func findAll(_ context.Context, _ string, uuids []string) ([]*volume.Volume, error) {
	found := make([]*volume.Volume, len(uuids))
	for i, uuid := range uuids {
		found[i] = &volume.Volume{UUID: uuid, Device: "/dev/x"}
	}
	return found, nil
}

// quietGlobal is globalMachine with no region running or in the file, and what
// starts them.
func quietGlobal(t *testing.T) (*Manager, string, *easyStarter) {
	t.Helper()
	files := globalMachine()
	at := "sys/kernel/config/cluster/web/heartbeat/" + regionA
	delete(files, at+"/dev")
	delete(files, at+"/blocks")
	files["etc/ocfs2/cluster.conf"] = conf2
	starter := &easyStarter{}
	m, root := manager(t, files, Options{Find: findAll, Starter: starter})
	starter.root = root
	return m, root, starter
}

func TestFirstRegionIsTakenBack(t *testing.T) {
	m, _, _ := quietGlobal(t)
	_, err := m.AddRegion(t.Context(), "web", regionB, func() error { return errors.New("disk full") })
	says(t, err, "disk full", "could not be set back: stop heartbeat region "+regionB)
	if i, err := m.Interrupted(); i == nil || err != nil {
		t.Errorf("the region runs, and Interrupted() = %v, %v", i, err)
	}
}

func TestForeignEditIsNoCommit(t *testing.T) {
	m, _, _ := quietGlobal(t)
	_, err := m.AddRegion(t.Context(), "web", regionB, func() error {
		if err := os.WriteFile(m.config, []byte("# somebody's edit\n"+conf2), 0o644); err != nil {
			t.Fatal(err)
		}
		return errors.New("the file changed")
	})
	says(t, err, "the file changed", "could not be set back: stop heartbeat region "+regionB)
}

// The way back is not cancelled.
func TestCancelledStartIsTakenBack(t *testing.T) {
	starter := &easyStarter{}
	m, root := manager(t, globalMachine(), Options{Find: findAll, Starter: starter})
	starter.root = root
	ctx, cancel := context.WithCancelCause(t.Context())
	starter.after = func() { cancel(errors.New("interrupted by hand")) }
	text := conf2 + "heartbeat:\n\tcluster = web\n\tregion = " + regionB + "\n"
	if err := os.WriteFile(m.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := m.StartRegions(ctx, "web", nil)
	says(t, err, "interrupted by hand", "undoing failed (stop heartbeat region "+regionB+": ", "not empty")
}

// cutShort leaves the note of an operation that set the reconnect delay to what it
// is, from 3 s, and was then to add a node that neither kernel nor file has.
func cutShort(t *testing.T, m *Manager, commit bool, standing int) *plan.Journal {
	t.Helper()
	_, have, err := m.running()
	if err != nil {
		t.Fatal(err)
	}
	before, want := *have, *have
	before.Timing.ReconnectDelay = 3 * time.Second
	want.Nodes = append(want.Nodes, cluster.Node{Name: "c", Number: 2, Address: netip.MustParseAddr("10.0.0.3"), Port: 7777})
	p, err := plan.Between(&before, &want)
	if err != nil || len(p.Steps) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	if !commit {
		p.Steps, p.Want = p.Steps[:1], have
	}
	entry := plan.Entry{Operation: "change", PID: 99, Begun: time.Now(), Plan: p}
	if commit {
		entry.Commit = &plan.Commit{Path: m.config}
	}
	journal, err := m.journal()
	if err == nil {
		err = journal.Begin(entry)
	}
	for i := range standing {
		if err == nil {
			err = errors.Join(journal.Note(plan.Event{Phase: plan.Doing, Index: i}), journal.Note(plan.Event{Phase: plan.Done, Index: i}))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return journal
}

func delayOf(t *testing.T, root string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "sys/kernel/config/cluster/web/reconnect_delay_ms"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// removeNothing is an operation that has nothing to do but to recover.
func removeNothing(ctx context.Context, m *Manager) error {
	_, err := m.RemoveNode(ctx, "web", "nobody", func() error { return nil })
	return err
}

// What was cut short before its file was changed is taken back, whatever became of
// the regions, the context and what others have set since.
func TestRecover(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	cutShort(t, m, true, 2)
	fence := filepath.Join(root, "sys/kernel/config/cluster/web/fence_method")
	if err := os.WriteFile(fence, []byte("panic\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	region := filepath.Join(root, "sys/kernel/config/cluster/web/heartbeat/R1")
	if err := os.RemoveAll(region); err != nil { // the volume was unmounted
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := removeNothing(ended, m); err != nil {
		t.Fatal(err)
	}
	if got := delayOf(t, root); got != "3000" {
		t.Errorf("the delay is %s, want 3000", got)
	}
	if text, err := os.ReadFile(fence); err != nil || string(text) != "panic\n" {
		t.Errorf("somebody's fence method is %q, %v", text, err)
	}
	if _, err := os.Stat(region); err == nil {
		t.Error("the region was started")
	}
	if i, err := m.Interrupted(); i != nil || err != nil {
		t.Errorf("Interrupted() = %v, %v", i, err)
	}
}

func TestRecoverLeavesWhatWasCommitted(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	cutShort(t, m, true, 2)
	node := "node:\n\tname = c\n\tcluster = web\n\tnumber = 2\n\tip_address = 10.0.0.3\n\tip_port = 7777\n"
	if err := os.WriteFile(m.config, []byte(conf2+node), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Undo(t.Context()); !errors.Is(err, ErrNothingToUndo) {
		t.Errorf("Undo() = %v", err)
	}
	if err := removeNothing(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := delayOf(t, root); got != "2000" {
		t.Errorf("the delay is %s, want 2000 still", got)
	}
}

// An operation that came to its end, but for the end of its note, is one to be
// undone; a region that came or went with a mount is no change of somebody else.
func TestUndoOfWhatIsDone(t *testing.T) {
	for name, keep := range map[string]bool{"kept": true, "not kept": false} {
		m, root := manager(t, onlineMachine(), Options{})
		journal := cutShort(t, m, false, 1)
		if keep {
			if err := journal.Keep(); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.RemoveAll(filepath.Join(root, "sys/kernel/config/cluster/web/heartbeat/R1")); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Undo(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := delayOf(t, root); got != "3000" {
			t.Errorf("%s: the delay is %s, want 3000", name, got)
		}
	}
}

func TestUndoRefusesWhatOthersChanged(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	cutShort(t, m, false, 1)
	if err := os.WriteFile(filepath.Join(root, "sys/kernel/config/cluster/web/reconnect_delay_ms"), []byte("5000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Undo(t.Context()); !errors.Is(err, plan.ErrStale) {
		t.Errorf("Undo() = %v", err)
	}
}
