// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// outcome is what a test compares of findings.
func outcome(findings Findings) []string {
	var all []string
	for _, f := range findings {
		text := fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Code)
		if f.Severity == cluster.SeverityWarning {
			text += "?"
		}
		all = append(all, text)
	}
	return all
}

func TestParseLines(t *testing.T) {
	for _, test := range []struct {
		text, node string // the value of O2CB_NODE that comes out
		want       []string
	}{
		{"", "", nil},
		{"\n \t\n# O2CB_NODE=a\n  # b", "", nil},
		{"O2CB_NODE=a", "a", nil},
		{"O2CB_NODE=a\n", "a", nil},
		{" \tO2CB_NODE=a \t", "a", nil},
		{"export O2CB_NODE=a", "a", nil},
		{"O2CB_NODE=a # the first", "a", nil},
		{"O2CB_NODE=\"a\"\t# the first", "a", nil},
		{`O2CB_NODE="a"`, "a", nil},
		{`O2CB_NODE='a'`, "a", nil},
		{`O2CB_NODE=""`, "", nil},
		{`O2CB_NODE=''`, "", nil},
		{"O2CB_NODE=", "", nil},
		{"O2CB_NODE= # none", "", nil},
		{"O2CB_NODE=a\nO2CB_NODE=b", "b", []string{"2:1 repeated-variable?"}},
		{"O2CB_NODE=a\nO2CB_NODE=", "", []string{"2:1 repeated-variable?"}},

		{"O2CB_NODE=$(hostname)", "", []string{"1:11 command-substitution"}},
		{"O2CB_NODE=`hostname -s`", "", []string{"1:11 command-substitution"}},
		{`O2CB_NODE="$(hostname -s)"`, "", []string{"1:11 command-substitution"}},
		{"O2CB_NODE=`", "", []string{"1:11 command-substitution"}},
		{"O2CB_NODE=$HOSTNAME", "", []string{"1:11 variable-expansion"}},
		{`O2CB_NODE="${HOSTNAME%%.*}"`, "", []string{"1:11 variable-expansion"}},
		{"PATH=$PATH:/opt", "", []string{"1:6 variable-expansion"}},
		{"OTHER='$(rm -rf /)'", "", nil},
		{`OTHER="a; b | c"`, "", nil},

		{"O2CB_NODE=a; O2CB_STACK=o2cb", "", []string{"1:11 shell-syntax"}},
		{"O2CB_NODE=a O2CB_STACK=o2cb", "", []string{"1:11 shell-syntax"}},
		{`O2CB_NODE=a"b"`, "", []string{"1:11 shell-syntax"}},
		{`O2CB_NODE="a`, "", []string{"1:11 shell-syntax"}},
		{`O2CB_NODE='a`, "", []string{"1:11 shell-syntax"}},
		{`O2CB_NODE=a\`, "", []string{"1:11 shell-syntax"}},
		{"O2CB_NODE=~root", "", []string{"1:11 shell-syntax"}},

		{"O2CB_NODE = a", "", []string{"1:1 no-assignment"}},
		{". /etc/o2cb.local", "", []string{"1:1 no-assignment"}},
		{"  if true", "", []string{"1:3 no-assignment"}},
		{"[section]", "", []string{"1:1 no-assignment"}},
		{"O2CB_NODE: a", "", []string{"1:1 no-assignment"}},
		{"\ufeffO2CB_NODE=a", "", []string{"1:1 no-assignment"}},
		{"O2CB_NODE=a\r\n", "", []string{"1:12 syntax-cr"}},
		{"O2CB_NODE=a\x00", "", []string{"1:12 nul"}},

		{"O2CB_NODES=a", "", []string{"1:1 unknown-variable?"}},
		{"o2cb_node=a", "", []string{"1:1 unknown-variable?"}},
		{"OCFS2_NODE=a", "", nil},
		{"O2CB_NODE='a%(b)s'", "a%(b)s", []string{"1:11 name-characters"}},
		{`O2CB_NODE="'a'"`, "'a'", []string{"1:11 name-characters"}},
		{`O2CB_NODE='"a"'`, `"a"`, []string{"1:11 name-characters"}},
		{`O2CB_NODE='a"b'`, `a"b`, []string{"1:11 name-characters"}},
		{`O2CB_NODE=' a '`, " a ", []string{"1:11 name-characters"}},
		{`O2CB_NODE="a#b"`, "a#b", []string{"1:11 name-characters"}},
		{"O2CB_NODE='`a`'", "`a`", []string{"1:11 name-characters"}},
		{`O2CB_NODE='"""a'`, `"""a`, []string{"1:11 name-characters"}},
		{`O2CB_NODE=a=b`, "a=b", []string{"1:11 name-characters"}},
		{"O2CB_NODE=../a", "../a", []string{"1:11 name-unsafe"}},
		{"O2CB_NODE=#a", "#a", []string{"1:11 name-characters"}},
	} {
		s, findings := Parse("o2cb", []byte(test.text))
		if got := outcome(findings); s.Node != test.node || !slices.Equal(got, test.want) {
			t.Errorf("Parse(%q): node %q, %q; want %q, %q", test.text, s.Node, got, test.node, test.want)
		}
		for _, f := range findings {
			if f.File != "o2cb" || f.Found == "" || f.Expected == "" || f.Mend == "" {
				t.Errorf("Parse(%q): something is missing in %+v", test.text, f)
			}
		}
	}
}

func TestFindingSaysWhatToWrite(t *testing.T) {
	_, findings := Parse("/etc/default/o2cb", []byte("# mine\nO2CB_NODE=$(hostname -s)\nO2CB_BOOTCLUSTER = web\nO2CB_IDLETIMEOUT_MS=1\n"))
	for i, want := range []string{
		`/etc/default/o2cb:2:11: error: O2CB_NODE has "$(hostname -s)", which the shell would run; expected a value: ` +
			"the file is read, and never run; mend: write what the command prints [command-substitution]",
		`/etc/default/o2cb:3:1: error: "O2CB_BOOTCLUSTER = web"; expected NAME=VALUE; mend: write O2CB_BOOTCLUSTER=VALUE, without blanks at the sign [no-assignment]`,
		"/etc/default/o2cb:4:1: warning: variable O2CB_IDLETIMEOUT_MS, which nothing reads; expected one of " +
			strings.Join(variables(), ", ") + "; mend: write O2CB_IDLE_TIMEOUT_MS [unknown-variable]",
	} {
		if got := findings[i].String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	text := strings.Repeat("#", MaxSize)
	if _, findings := Parse("o2cb", []byte(text)); findings != nil {
		t.Errorf("a file of the largest size: %v", findings)
	}
	if _, findings := Parse("o2cb", []byte(text+"#")); !slices.Equal(outcome(findings), []string{"1:1 file-too-large"}) {
		t.Errorf("a larger one: %v", findings)
	}
}
