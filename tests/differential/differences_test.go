// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// differencesFile holds, for each line of the table that is marked, in what
// exactly we differ from C: "-" is C's, "+" is ours.
const differencesFile = "testdata/differences.txt"

// checkDifferences compares what the marked lines did with the file.
func checkDifferences(t *testing.T, all []*line) {
	t.Helper()
	var b strings.Builder
	for _, l := range all {
		if l.outcomes == nil {
			return // its guest failed, and says so
		}
		if l.reason != 0 {
			l.describe(&b)
		}
	}
	if *update {
		if err := os.WriteFile(differencesFile, []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
		return
	}
	want, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := rig.Changes(string(want), b.String()); diff != "" {
		t.Errorf("%s is not what happens (go test -update writes it anew):\n%s", differencesFile, diff)
	}
}

// describe writes in what the outcomes of a line differ.
func (l *line) describe(b *strings.Builder) {
	p := *l.outcomes
	fmt.Fprintf(b, "%s: %s\n(%d) status %d, C %d\n", l.group, l.text, l.reason, p.Ours.Status, p.C.Status)
	for _, part := range p.parts() {
		if diff := rig.Changes(part.c, part.ours); diff != "" {
			fmt.Fprintf(b, "%s:\n%s", part.name, diff)
		}
	}
	b.WriteByte('\n')
}

// part is one of the things in which outcomes can differ.
type part struct{ name, c, ours string }

func (p pair) parts() []part {
	return []part{
		{"stdout", steady(p.C.Stdout), steady(p.Ours.Stdout)},
		{"file", p.C.File, p.Ours.File},
		{"tree", p.C.Tree, p.Ours.Tree},
	}
}

var (
	versionLine = regexp.MustCompile(`(?m)^(o2cb|o2cb_ctl version) (dev|\d\S*)$`)
	verbsHelp   = regexp.MustCompile(`(?s)^o2cb_ctl .*\n\nUsage:\n  o2cb_ctl .*`)
)

// steady leaves out of an output what changes with every version: its number, and
// the help of our verbs.
func steady(stdout string) string {
	return verbsHelp.ReplaceAllString(versionLine.ReplaceAllString(stdout, "$1 VERSION"), "(help of our verbs)\n")
}
