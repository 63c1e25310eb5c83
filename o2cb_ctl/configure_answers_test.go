// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// FuzzAnswers holds what must be true of every file of answers: it is read without a
// panic, what is wrong is said with a place in the text, and what is taken is one of
// the variables.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		"", "enabled = true\ncluster = \"web\"\n", "heartbeat_threshold = 31\n", "enabled = \"true\"", "bogus = 1", "[enabled]\nx = 1",
		"cluster = '''\nweb'''", "\"node\" = 'a'", "a.b = 1", "cluster = [[", "node = \"\\u0007\"", "enabled = true\nenabled = false",
	} {
		f.Add(text)
	}
	variables := []string{}
	for _, a := range bootAnswers() {
		variables = append(variables, a.variable)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxAnswers {
			return
		}
		taken, err := parseAnswers("answers", text)
		if err == nil {
			for variable := range taken {
				if !slices.Contains(variables, variable) {
					t.Errorf("%q sets %q", text, variable)
				}
			}
			return
		}
		invalid, ok := err.(*cluster.InvalidError)
		if !ok {
			t.Fatalf("%q: %v", text, err)
		}
		for _, finding := range invalid.Findings {
			if finding.Line < 1 || finding.Column < 1 || finding.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: finding out of place: %v", text, finding)
			}
			if strings.ContainsFunc(finding.String(), unicode.IsControl) {
				t.Errorf("%q: finding with control characters: %q", text, finding)
			}
		}
	})
}
