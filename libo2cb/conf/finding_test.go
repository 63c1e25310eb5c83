// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// mistakes has twelve different mistakes.
const mistakes = `cluster:
	name = my.web
	node_count = 3
	hearbeat_mode = global

node:
	name = a
	cluster = my.web
	number = 0
	ip_address = 10.0.0.1
	ip_port = 7777

node:
	name = a
	cluster =   my.web
	number = 300
	ip_address = fe80::1
	ip_port = 65535

nodes:
	name = x

node:
	name = c
	cluster = my.wed
	number = 1

node:
	number   =   two
	cluster = my.web
	ip_address = 10.0.0.1
	ip_port = 7777
	# rack 4
`

func TestAllMistakesAtOnce(t *testing.T) {
	want := []string{
		"2:9 name-characters",
		"4:2 unknown-attribute",
		"14:9 duplicate-name",
		"16:11 number-range",
		"17:15 address-ipv6",
		"18:12 port-range",
		"20:1 unknown-stanza",
		"25:12 unknown-cluster",
		"28:1 missing-attribute",
		"29:15 number-syntax",
		"31:15 duplicate-address",
		"33:2 syntax-attribute",
	}
	_, findings := Parse("c", []byte(mistakes))
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Code))
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFindingTextAndJSON(t *testing.T) {
	_, findings := Parse("/etc/ocfs2/cluster.conf", []byte("cluster:\n\tname = web\n\tnode_count = 2\n"))
	if len(findings) != 1 {
		t.Fatal(findings)
	}
	wantText := "/etc/ocfs2/cluster.conf:3:15: error: node_count 2, but 0 node stanzas of this cluster; expected 0;" +
		" mend: write node_count = 0, or look for a missing or misspelt node [node-count]"
	if got := findings[0].String(); got != wantText {
		t.Errorf("text: %s\nwant: %s", got, wantText)
	}
	wantJSON := `{"file":"/etc/ocfs2/cluster.conf","line":3,"column":15,"severity":"error","code":"node-count",` +
		`"found":"node_count 2, but 0 node stanzas of this cluster","expected":"0",` +
		`"mend":"write node_count = 0, or look for a missing or misspelt node","permissible":true}`
	if got, err := json.Marshal(findings[0]); err != nil || string(got) != wantJSON {
		t.Errorf("JSON: %s, %v\nwant: %s", got, err, wantJSON)
	}
}

func TestFindingsErr(t *testing.T) {
	warning := Finding{Severity: cluster.SeverityWarning}
	lenient := Finding{Severity: cluster.SeverityError, Permissible: true}
	strict := Finding{Severity: cluster.SeverityError, Code: "strict"}
	for _, test := range []struct {
		findings        Findings
		err, permissive int // how many findings the error has
	}{
		{nil, 0, 0},
		{Findings{warning}, 0, 0},
		{Findings{warning, lenient}, 1, 0},
		{Findings{strict, lenient, warning}, 2, 1},
	} {
		if got := count(test.findings.Err()); got != test.err {
			t.Errorf("%v.Err: %d findings, want %d", test.findings, got, test.err)
		}
		if got := count(test.findings.ErrPermissive()); got != test.permissive {
			t.Errorf("%v.ErrPermissive: %d findings, want %d", test.findings, got, test.permissive)
		}
	}
	if text := (Findings{strict, lenient}).Err().Error(); !strings.Contains(text, "strict") || !strings.Contains(text, "(and 1 more)") {
		t.Error(text)
	}
}

// count returns how many findings an error has; 0 for nil.
func count(err error) int {
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return len(invalid.Findings)
	}
	return 0
}

func TestMendsSuggestTheNearestWord(t *testing.T) {
	for _, test := range []struct{ text, mend string }{
		{"nod:\n", "write node"},
		{"Cluster:\n", "write cluster"},
		{"router:\n", "remove it, or make it a comment"},
		{web + "\tnodecount = 1\n", "write node_count"},
		{web + "node:\n\tcluster = wep\n", `write "web"`},
		{web + "node:\n\tcluster = storage\n", "correct the name, or add the cluster"},
	} {
		_, findings := Parse("c", []byte(test.text))
		if len(findings) != 1 || findings[0].Mend != test.mend {
			t.Errorf("%q: %v, want the mend %q", test.text, findings, test.mend)
		}
	}
}

// TestFindingsAreShort reads lines that are as long as a file can be.
func TestFindingsAreShort(t *testing.T) {
	word := strings.Repeat("x", 100000)
	for _, text := range []string{
		word + "\n", word + ":\n", word + ": x\n", word + " :\n", word + " = 1\n", " " + word + "\n", " " + word + " x\n", " " + word + ":\n",
		"node:\n " + word + " = 1\n", "cluster:\n name = " + word + "\n node_count = " + word + "\n heartbeat_mode = " + word + "\n",
		"node:\n cluster = " + word + "\n",
	} {
		_, findings := Parse("c", []byte(text))
		if len(findings) == 0 {
			t.Errorf("%.20q: nothing found", text)
		}
		for _, f := range findings {
			if line := f.String(); len(line) > 600 {
				t.Errorf("%.20q: a line of %d bytes: %.300s", text, len(line), line)
			}
		}
	}
}
