// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"pgregory.net/rapid"
)

// verifiedInputs is the table of the parser's unit tests.
const verifiedInputs = "../../libo2cb/conf/testdata/verified.tsv"

// TestVerifiedInputs runs every input of the table through both parsers.
func TestVerifiedInputs(t *testing.T) {
	table, err := os.ReadFile(verifiedInputs)
	if err != nil {
		t.Fatal(err)
	}
	c := newCParser(t)
	rows := 0
	for row := range strings.Lines(string(table)) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if strings.HasPrefix(row, "#") {
			continue
		}
		rows++
		t.Run(fields[0], func(t *testing.T) {
			text, err := strconv.Unquote(fields[5])
			if err != nil {
				t.Fatal(err)
			}
			if got := c.verdict(t, []byte(text)); got != fields[1] {
				t.Errorf("C %s, the table says %s: %q", got, fields[1], text)
			}
			compare(t, c, []byte(text))
		})
	}
	if rows < 70 {
		t.Errorf("%s: only %d rows", verifiedInputs, rows)
	}
}

// TestGeneratedFiles runs files that anything may be wrong with through both parsers.
func TestGeneratedFiles(t *testing.T) {
	c := newCParser(t)
	rapid.Check(t, func(t *rapid.T) {
		compare(t, c, []byte(anyFile().Draw(t, "file")))
	})
}

// TestGeneratedValidFiles checks that what we write means the same to the C
// parser: the canonical form, and what edits make of a file.
func TestGeneratedValidFiles(t *testing.T) {
	c := newCParser(t)
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(validFile().Draw(t, "file"))
		f, findings := conf.Parse("c", text)
		if err := findings.ErrPermissive(); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		compare(t, c, text)
		editAndCompare(t, c, f)
	})
}

// compare runs a text through both parsers: same verdict, same values, and the
// canonical form means the same to both.
func compare(t testingT, c *cParser, text []byte) {
	t.Helper()
	f, findings := conf.Parse("c", text)
	theirs := c.verdict(t, text)
	if weWould, sure := refusal(findings); sure && weWould != (theirs != accepts) {
		t.Fatalf("C %s %q, our findings: %v", theirs, text, findings)
	}
	if theirs != accepts {
		if findings.ErrPermissive() == nil {
			t.Fatalf("C %s %q, we take it: %v", theirs, text, findings)
		}
		return
	}
	if findings.ErrPermissive() != nil {
		return
	}
	before := c.sameMeaning(t, text, f)
	canonical, err := conf.Format(f)
	if err != nil {
		return // text behind a NUL byte
	}
	if after := c.says(t, canonical, f.Clusters()); before != after {
		t.Fatalf("canonical form %q of %q\nC reads:\n%s\nand before:\n%s", canonical, text, after, before)
	}
}

// refusal tells from our findings whether the C parser refuses the text, and
// whether they tell it: the C parser minds an empty name of a node, not of a
// cluster, and what it makes of a NUL byte in a comment is its secret.
func refusal(findings conf.Findings) (refused, sure bool) {
	sure = true
	for _, f := range findings.Errors() {
		switch f.Code {
		case cluster.CodeNameEmpty:
			sure = false
		case conf.CodeNUL:
			sure = sure && f.Permissible
		case conf.CodeSyntaxHead, conf.CodeSyntaxAttribute, conf.CodeSyntaxOutside, conf.CodeSyntaxByte, conf.CodeSyntaxCR,
			conf.CodeMissingAttribute, conf.CodeNumberSyntax, conf.CodeNumberTooLarge, conf.CodeAddressSyntax, conf.CodeDuplicateCluster,
			cluster.CodeHeartbeatMode, cluster.CodeAddressIPv6, cluster.CodeDuplicateName, cluster.CodeDuplicateRegion:
			refused = refused || !f.Permissible
		}
	}
	return refused, sure || refused
}

// editAndCompare edits the first cluster of a file in every way, and has the C parser read each result.
func editAndCompare(t testingT, c *cParser, f *conf.File) {
	t.Helper()
	name := f.Clusters()[0].Name
	number, ok := f.Clusters()[0].FreeNumber()
	if !ok {
		t.Fatal("no free number")
	}
	added := node(number)
	added.Name = "added"
	for _, edit := range []func() error{
		func() error { return f.AddNode(name, added) },
		func() error { return f.AddRegion(name, "0123456789ABCDEF0123456789ABCDEF") },
		func() error { return f.AddCluster("another") },
		func() error { return f.SetHeartbeatMode(name, cluster.GlobalHeartbeat) },
		func() error { return f.SetNodeAttribute(name, "added", cluster.AttributePort, "1234") },
		func() error { return f.SetNodeAttribute(name, "added", cluster.AttributeName, "other") },
		func() error { return f.RenameCluster(name, "renamed") },
		func() error { return f.RemoveRegion("renamed", "0123456789ABCDEF0123456789ABCDEF") },
		func() error { return f.RemoveNode("renamed", f.Cluster("renamed").Nodes[0].Name) },
		func() error { return f.Format() },
		func() error { return f.RemoveCluster("renamed") },
	} {
		before := f.Bytes()
		if err := edit(); err != nil {
			t.Fatalf("%q: %v", before, err)
		}
		if err := f.Findings().ErrPermissive(); err != nil {
			t.Fatalf("%q, edited from %q: %v", f.Bytes(), before, err)
		}
		c.sameMeaning(t, f.Bytes(), f)
	}
}
