// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// guests is in how many guests the table runs side by side: the lines that start
// from scratch in all but the last, those of the scenes, which wait for
// heartbeats, in that.
const guests = 3

// update makes TestSameAsTheCTools write what it saw into the file of differences.
var update = flag.Bool("update", false, "rewrite "+differencesFile)

// TestSameAsTheCTools runs the table.
func TestSameAsTheCTools(t *testing.T) {
	reasons := explained(t)
	all := everything(t)
	shares := make([][]*line, guests)
	for i, l := range all {
		share := i % (guests - 1)
		if l.Scene != "" {
			share = guests - 1
		}
		shares[share] = append(shares[share], l)
	}
	t.Run("guests", func(t *testing.T) {
		for i, share := range shares {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for k, p := range runAll(t, share) {
					share[k].outcomes = &p
					share[k].check(t, reasons)
				}
			})
		}
	})
	checkDifferences(t, all)
	for _, l := range all {
		delete(reasons, l.reason)
	}
	for number := range elsewhere() {
		delete(reasons, number)
	}
	for number := range reasons {
		t.Errorf("docs/compatibility.md: nothing shows paragraph %d", number)
	}
}

// everything returns the lines of the table, of which there have to be enough.
func everything(t *testing.T) []*line {
	t.Helper()
	var all []*line
	configs := map[string]bool{}
	different := 0
	for _, g := range slices.Concat(groups(), heartbeatGroups(), livingGroups()) {
		configs[g.config] = true
		for _, l := range g.parse(t) {
			all = append(all, &l)
			if l.reason != 0 {
				different++
			}
		}
	}
	if len(all) < minLines || len(configs) < minConfigs {
		t.Errorf("%d lines over %d config files, want %d over %d", len(all), len(configs), minLines, minConfigs)
	}
	t.Logf("%d command lines, %d config files, %d explained differences", len(all), len(configs), different)
	return all
}

// check compares the outcomes of a line with each other and with the table.
func (l *line) check(t *testing.T, reasons map[int]bool) {
	t.Helper()
	p := *l.outcomes
	if got := difference(p); got != l.expected {
		var b strings.Builder
		l.describe(&b)
		t.Errorf("differs in %q, the table says %q\n%serrors of C:    %s\nerrors of ours: %s", got, l.expected, &b, p.C.Stderr, p.Ours.Stderr)
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
func runAll(t *testing.T, lines []*line) []pair {
	t.Helper()
	n := lab.Start(t, lab.Nodes(1), lab.RunLimit(15*time.Minute),
		lab.Disk("local", "64M"), lab.Disk("global", "64M"), lab.Disk("other", "64M"), lab.Disk("none", "4M")).Node(0)
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
	for _, part := range p.parts() {
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
