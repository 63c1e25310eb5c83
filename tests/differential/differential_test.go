// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{"batch": runBatch})
}

// The least that the table must hold.
const (
	minLines   = 250
	minConfigs = 12
)

// guests is in how many guests the table runs side by side.
const guests = 2

// TestSameAsTheCTools runs the table.
func TestSameAsTheCTools(t *testing.T) {
	reasons := explained(t)
	shares := make([][]line, guests)
	configs := map[string]bool{}
	lines, different := 0, 0
	for _, g := range groups() {
		configs[g.config] = true
		for _, l := range g.parse(t) {
			shares[lines%guests] = append(shares[lines%guests], l)
			lines++
			if l.reason != 0 {
				different++
			}
		}
	}
	if lines < minLines || len(configs) < minConfigs {
		t.Errorf("%d lines over %d config files, want %d over %d", lines, len(configs), minLines, minConfigs)
	}
	t.Logf("%d command lines, %d config files, %d explained differences", lines, len(configs), different)
	for i, share := range shares {
		t.Run(fmt.Sprintf("guest %d", i), func(t *testing.T) {
			t.Parallel()
			for k, p := range runAll(t, share) {
				share[k].check(t, p, reasons)
			}
		})
	}
}

// check compares the outcomes of a line with each other and with the table.
func (l line) check(t *testing.T, p pair, reasons map[int]bool) {
	t.Helper()
	if got := difference(p); got != l.expected {
		t.Errorf("%s: %s\ndiffers in %q, the table says %q\nC:    %+v\nours: %+v", l.group, l.text, got, l.expected, p.C, p.Ours)
	}
	if l.reason != 0 && !reasons[l.reason] {
		t.Errorf("%s: %s: docs/compatibility.md has no paragraph %d", l.group, l.text, l.reason)
	}
	// The word offline on standard output is the reason of cluster-status.
	if p.Ours.Status != 0 && p.Ours.Stderr == "" && !strings.Contains(l.text, "cluster-status") {
		t.Errorf("%s: %s: ours fails with %d and does not say why", l.group, l.text, p.Ours.Status)
	}
}

// runAll does all lines in one guest, by both.
func runAll(t *testing.T, lines []line) []pair {
	t.Helper()
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	tool := rig.Tool(t, "o2cb_ctl")
	n.MustRun(tool, "load")
	b := batch{Ours: filepath.Dir(tool)}
	for _, l := range lines {
		b.Cases = append(b.Cases, l.job)
	}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	n.WriteFile("/run/batch.json", text, 0o600)
	n.MustShell("mkdir -p /etc/ocfs2")
	r := n.RunSelf("batch", "/run/batch.json")
	if r.Status != 0 {
		t.Fatalf("batch: status %d: %s", r.Status, r.Stderr)
	}
	var pairs []pair
	if err := json.Unmarshal([]byte(r.Stdout), &pairs); err != nil {
		t.Fatal(err)
	}
	if len(pairs) != len(lines) {
		t.Fatalf("%d outcomes of %d lines", len(pairs), len(lines))
	}
	return pairs
}

// difference says in what the two outcomes differ: the exit statuses, that of C
// first, then stdout, file and tree. It is empty when they are the same.
func difference(p pair) string {
	var parts []string
	if p.C.Status != p.Ours.Status {
		parts = append(parts, fmt.Sprintf("%d→%d", p.C.Status, p.Ours.Status))
	}
	for _, part := range []struct{ name, c, ours string }{
		{"stdout", p.C.Stdout, p.Ours.Stdout}, {"file", p.C.File, p.Ours.File}, {"tree", p.C.Tree, p.Ours.Tree},
	} {
		if part.c != part.ours {
			parts = append(parts, part.name)
		}
	}
	return strings.Join(parts, " ")
}

var paragraph = regexp.MustCompile(`(?m)^(\d+)\. `)

// explained returns the numbers of the paragraphs in docs/compatibility.md.
func explained(t *testing.T) map[int]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[int]bool{}
	for _, m := range paragraph.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if numbers[n] {
			t.Errorf("docs/compatibility.md has two paragraphs %d", n)
		}
		numbers[n] = true
	}
	return numbers
}
