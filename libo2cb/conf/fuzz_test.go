// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func seed(f *testing.F) {
	f.Helper()
	for _, in := range verifiedInputs(f) {
		f.Add([]byte(in.text))
	}
	for _, text := range []string{untidy, canonical, aligned, mistakes} {
		f.Add([]byte(text))
	}
}

// FuzzParse: printing what was parsed gives the same bytes, every finding lies
// inside the file, the canonical form means the same and is its own canonical form.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, findings := Parse("c", data)
		if !bytes.Equal(file.Bytes(), data) {
			t.Fatalf("printed as %q", file.Bytes())
		}
		checkLines(t, file)
		checkPositions(t, data, findings)
		checkFormat(t, file)
	})
}

// FuzzEdit: an edit changes what it says and nothing else of the meaning.
func FuzzEdit(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _ := Parse("c", data)
		before, others := map[string]cluster.Cluster{}, file.Clusters()
		for _, c := range others {
			before[c.Name] = *c
		}
		if err := file.AddCluster("fuzz"); err != nil {
			return
		}
		if err := file.AddNode("fuzz", testNode("n", 3)); err != nil {
			t.Fatal(err)
		}
		for _, c := range others {
			if c.Name == "fuzz" || c.Name == "" { // several may lack their names
				continue
			}
			if got := file.Cluster(c.Name); got == nil || !reflect.DeepEqual(*got, before[c.Name]) {
				t.Fatalf("another cluster changed: %+v, was %+v\n%q", got, before[c.Name], file.Bytes())
			}
		}
		c := file.Cluster("fuzz")
		if c == nil || !slices.Contains(c.Nodes, testNode("n", 3)) {
			t.Fatalf("no node in %+v\n%q", c, file.Bytes())
		}
		for _, c := range others {
			if c.Name == "fuzz" || c.Name == "" {
				continue
			}
			if err := file.RemoveCluster(c.Name); err != nil {
				t.Fatal(err)
			}
		}
		if got := file.Cluster("fuzz"); got == nil || !reflect.DeepEqual(got.Nodes, c.Nodes) {
			t.Fatalf("removing others changed %+v to %+v\n%q", c, got, file.Bytes())
		}
	})
}

// checkLines checks that the lines are the text without gaps and that stanzas do not overlap.
func checkLines(t *testing.T, f *File) {
	t.Helper()
	at, number := 0, 1
	for _, l := range f.tree.lines {
		if l.start != at || l.end <= l.start || l.number != number {
			t.Fatalf("line %+v at offset %d, line %d", l, at, number)
		}
		number += strings.Count(f.tree.text[l.start:l.end], "\n")
		at = l.end
	}
	if !f.tooLarge && at != len(f.tree.text) {
		t.Fatalf("lines end at %d of %d", at, len(f.tree.text))
	}
	last := 0
	for _, s := range f.tree.stanzas {
		if s.lead < last || s.head < s.lead || s.end <= s.head {
			t.Fatalf("stanza %+v after %d", s, last)
		}
		last = s.end
	}
}

func checkPositions(t *testing.T, data []byte, findings Findings) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, f := range findings {
		if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > len(lines[f.Line-1])+1 {
			t.Fatalf("outside the file: %v", f)
		}
		if text := f.String(); strings.Contains(text, "\n") || f.Found == "" || f.Expected == "" || f.Mend == "" {
			t.Fatalf("finding %q", text)
		}
	}
}

func checkFormat(t *testing.T, file *File) {
	t.Helper()
	text, err := Format(file)
	if err != nil {
		return
	}
	again, findings := Parse("c", text)
	if err := findings.filter(func(f Finding) bool { return strings.HasPrefix(string(f.Code), "syntax") || f.Code == CodeNUL }).Err(); err != nil {
		t.Fatalf("canonical form %q: %v", text, err)
	}
	if !reflect.DeepEqual(file.Clusters(), again.Clusters()) {
		t.Fatalf("canonical form means %s, not %s\n%q", show(again), show(file), text)
	}
	if twice, err := Format(again); err != nil || !bytes.Equal(twice, text) {
		t.Fatalf("canonical form of the canonical form: %v\n%q\n%q", err, twice, text)
	}
}

func show(f *File) string {
	var all []string
	for _, c := range f.Clusters() {
		all = append(all, fmt.Sprintf("%+v", *c))
	}
	return strings.Join(all, "; ")
}
