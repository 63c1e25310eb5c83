// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// verdict is what a program does with a file.
type verdict string

const (
	accepts     verdict = "accepts"
	refuses     verdict = "refuses"
	crashes     verdict = "crashes"
	permissible verdict = "permissible" // refuses, but permissibly
)

// verifiedInput is an input whose treatment by the C parser was seen: a line of testdata/verified.tsv.
type verifiedInput struct {
	name  string
	text  string
	c     verdict
	ours  verdict
	value string   // the name of the only cluster when c accepts
	codes []string // of our findings, in order
}

const web = "cluster:\n\tname = web\n\tnode_count = 0\n"

func verifiedInputs(t testing.TB) []verifiedInput {
	t.Helper()
	table, err := os.ReadFile("testdata/verified.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []verifiedInput
	for row := range strings.Lines(string(table)) {
		if strings.HasPrefix(row, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(fields) != 6 {
			t.Fatalf("testdata/verified.tsv: %d fields in %q", len(fields), row)
		}
		in := verifiedInput{name: fields[0], c: verdict(fields[1]), ours: verdict(fields[2])}
		in.value, in.text = unquote(t, fields[3]), unquote(t, fields[5])
		in.codes = strings.FieldsFunc(fields[4], func(r rune) bool { return r == ',' })
		inputs = append(inputs, in)
	}
	if len(inputs) == 0 {
		t.Fatal("testdata/verified.tsv: no inputs")
	}
	return inputs
}

func unquote(t testing.TB, text string) string {
	t.Helper()
	plain, err := strconv.Unquote(text)
	if err != nil {
		t.Fatalf("testdata/verified.tsv: %s: %v", text, err)
	}
	return plain
}

func TestParseVerifiedInputs(t *testing.T) {
	for _, in := range verifiedInputs(t) {
		t.Run(in.name, func(t *testing.T) {
			f, findings := Parse("cluster.conf", []byte(in.text))
			if string(f.Bytes()) != in.text {
				t.Errorf("printed as %q", f.Bytes())
			}
			if got := ourVerdict(findings); got != in.ours {
				t.Errorf("verdict: %s, want %s: %v", got, in.ours, findings)
			}
			if got := codes(findings); !slices.Equal(got, in.codes) {
				t.Errorf("findings: %v, want %v", findings, in.codes)
			}
			if in.c != accepts {
				return
			}
			if name := onlyCluster(f); name != in.value {
				t.Errorf("cluster %q, want %q", name, in.value)
			}
		})
	}
}

// TestVerdictsAgree checks the table itself: what C refuses we refuse for good.
func TestVerdictsAgree(t *testing.T) {
	for _, in := range verifiedInputs(t) {
		if in.c != accepts && in.ours != refuses {
			t.Errorf("%s: C %s, we %s", in.name, in.c, in.ours)
		}
	}
}

func ourVerdict(findings Findings) verdict {
	switch {
	case findings.ErrPermissive() != nil:
		return refuses
	case findings.Err() != nil:
		return permissible
	}
	return accepts
}

func codes(findings Findings) []string {
	var got []string
	for _, f := range findings {
		got = append(got, string(f.Code))
	}
	return got
}

func onlyCluster(f *File) string {
	if len(f.Clusters()) == 1 {
		return f.Clusters()[0].Name
	}
	return ""
}
