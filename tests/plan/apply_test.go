// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

// preview is what plan --json prints, as far as the tests look.
type preview struct {
	InSync bool `json:"in_sync"`
	Loaded bool `json:"stack_loaded"`
	Plan   struct {
		Steps []struct{ Kind, Label string }
	}
	Interrupted *struct {
		Operation string
		Standing  int
	}
}

func planOf(t testing.TB, n *lab.Node, status int) preview {
	t.Helper()
	r := n.Run(rig.Tool(t, "o2cb_ctl"), "plan", "--json")
	var p preview
	if err := json.Unmarshal([]byte(r.Stdout), &p); err != nil || r.Status != status {
		t.Fatalf("plan: status %d, want %d, %v: %s%s", r.Status, status, err, r.Stdout, r.Stderr)
	}
	return p
}

// stale makes a plan, lets somebody else change the cluster, and applies it.
func stale([]string) int {
	m := libo2cb.New(libo2cb.Options{})
	p, err := m.Plan(context.Background(), "")
	if err == nil {
		err = unix.Rmdir(clusters + "/web/node/node1")
	}
	if err == nil {
		_, err = m.Apply(context.Background(), p)
	}
	if !errors.Is(err, plan.ErrStale) {
		fmt.Fprintln(os.Stderr, "Apply() =", err)
		return 1
	}
	return 0
}

// TestPlanAndUndo goes through what a person does: look, apply, look again, take
// back, and take that back.
func TestPlanAndUndo(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1))
	n, tool := c.Node(0), rig.Tool(t, "o2cb_ctl")
	n.WriteFile(rig.ConfigPath, []byte(config(2)), 0o644)
	if p := planOf(t, n, 2); p.Loaded || len(p.Plan.Steps) != 4 {
		t.Errorf("on a fresh machine: %+v", p)
	}
	if r := n.Run(tool, "apply"); r.Status != 1 || !strings.Contains(r.Stderr, "--yes") {
		t.Errorf("apply without a terminal: status %d, %s", r.Status, r.Stderr)
	}
	if r := n.Run(tool, "undo"); r.Status != 1 || !strings.Contains(r.Stderr, "nothing to undo") {
		t.Errorf("undo of nothing: status %d, %s", r.Status, r.Stderr)
	}
	n.MustRun(tool, "apply", "--yes")
	up := tree(n)
	if p := planOf(t, n, 0); !p.InSync || len(p.Plan.Steps) != 0 {
		t.Errorf("after apply: %+v", p)
	}

	n.WriteFile(rig.ConfigPath, []byte(config(3)), 0o644)
	n.WriteFile(settings, []byte("O2CB_HEARTBEAT_THRESHOLD=7\nO2CB_IDLE_TIMEOUT_MS=1500\nO2CB_KEEPALIVE_DELAY_MS=500\nO2CB_FENCE_METHOD=panic\n"), 0o644)
	text := n.Run("setpriv", "--reuid=65534", "--clear-groups", tool, "plan")
	for _, part := range []string{"live", "add node node2, number 2, 10.9.0.3 port 7777", "dead_threshold to 7 (from 31)", "fence_method to panic (from reset)", "o2cb_ctl apply does it"} {
		if !strings.Contains(text.Stdout, part) {
			t.Errorf("plan lacks %q: %s%s", part, text.Stdout, text.Stderr)
		}
	}
	n.MustRun(tool, "apply", "--yes")
	wider := tree(n)
	for _, part := range []string{"node2/num 2", "dead_threshold 7", "idle_timeout_ms 1500", "keepalive_delay_ms 500", "fence_method panic"} {
		if !strings.Contains(wider, part) {
			t.Errorf("apply did not bring %q:\n%s", part, wider)
		}
	}
	n.MustRun(tool, "undo")
	if now := tree(n); now != up {
		t.Errorf("undo led to\n%s\nnot\n%s", now, up)
	}
	n.MustRun(tool, "undo")
	if now := tree(n); now != wider {
		t.Errorf("redo led to\n%s\nnot\n%s", now, wider)
	}
	n.MustRun(tool, "offline")
	n.MustRun(tool, "undo")
	if now := tree(n); now != wider {
		t.Errorf("undo of offline led to\n%s\nnot\n%s", now, wider)
	}

	n.MustShell("rmdir " + clusters + "/web/node/node2")
	if r := n.Run(tool, "undo"); r.Status != 1 || !strings.Contains(r.Stderr, "changed since") {
		t.Errorf("undo after somebody else's change: status %d, %s", r.Status, r.Stderr)
	}
	if r := n.RunSelf("stale"); r.Status != 0 {
		t.Errorf("a stale plan: %s", r.Stderr)
	}
}

// tree is the kernel's cluster with all values.
func tree(n *lab.Node) string {
	return n.MustShell("cd " + clusters + "; find . | sort | while read -r f; do [ -d $f ] && echo $f || echo $f $(cat $f); done").Stdout
}

// TestManyAtOnce runs changes side by side: they take turns, and the last state
// is one that somebody asked for.
func TestManyAtOnce(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1))
	n, tool := c.Node(0), rig.Tool(t, "o2cb_ctl")
	n.WriteFile(rig.ConfigPath, []byte(config(2)), 0o644)
	n.MustRun(tool, "online")
	var runs []*lab.Process
	for range 4 {
		for _, args := range [][]string{{"apply", "--yes"}, {"online"}, {"offline"}} {
			runs = append(runs, n.Start(lab.Command{Args: append([]string{tool}, args...)}))
		}
	}
	for i, p := range runs {
		// A plan can be overtaken by another run; that is said, and nothing is done.
		if r := p.Wait(); r.Status != 0 && !strings.Contains(r.Stderr, "changed since the plan was made") {
			t.Errorf("run %d: status %d: %s", i, r.Status, r.Stderr)
		}
	}
	n.MustRun(tool, "online")
	if p := planOf(t, n, 0); !p.InSync || p.Interrupted != nil {
		t.Errorf("in the end: %+v", p)
	}
}

// appendLines appends numbered lines to a file on a volume, each synced, until
// the file beside it says stop, and prints how long the slowest took.
func appendLines(args []string) int {
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer f.Close()
	for i := 0; ; i++ {
		if _, err := fmt.Fprintln(f, i); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := f.Sync(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if i == 0 {
			fmt.Println("writing")
		}
		if _, err := os.Stat(args[1]); err == nil {
			fmt.Println("wrote", i+1)
			return 0
		}
		time.Sleep(20 * time.Millisecond)
	}
}
