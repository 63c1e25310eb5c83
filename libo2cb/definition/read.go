// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Rules on a definition. Those on its meaning are package cluster's.
const (
	CodeFileTooLarge     cluster.Code = "file-too-large"    // more than MaxSize bytes; nothing was read
	CodeSyntax           cluster.Code = "syntax"            // neither TOML nor JSON
	CodeUnknownKey       cluster.Code = "unknown-key"       // a key that a definition does not have
	CodeMissingKey       cluster.Code = "missing-key"       // a required key is not there
	CodeRepeatedKey      cluster.Code = "repeated-key"      // a key twice in a table
	CodeType             cluster.Code = "type"              // a value of another type
	CodeVersion          cluster.Code = "version"           // a version of the form that this program does not know
	CodeDuplicateCluster cluster.Code = "duplicate-cluster" // two clusters of one name
)

// Read reads a definition: JSON when its first character is a brace, with which
// no TOML starts, and TOML otherwise. It never fails: the findings say what is
// wrong, all of it at once unless the syntax is broken, and the definition holds
// what could be read. Whoever acts on it looks at Findings.Err or ErrPermissive first.
//
// name stands in the findings and is not opened.
func Read(name string, text []byte) (*Definition, cluster.Findings) {
	b := &binder{file: name, lines: []int{0}, bad: map[*node]bool{}}
	if len(text) > MaxSize {
		b.add(&node{}, fault(CodeFileTooLarge, fmt.Sprintf("more than %d bytes", MaxSize), "a cluster definition", "look whether it is one at all"))
		return &Definition{}, b.findings
	}
	b.lines = lineStarts(string(text))
	parse := parseTOML
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		parse = parseJSON
	}
	root, err := parse(string(text))
	if err != nil {
		var at *syntaxError
		errors.As(err, &at)
		b.add(&node{offset: at.offset}, fault(at.code, at.found, "a definition as export writes it", "correct the text here or shortly before"))
		return &Definition{}, b.findings
	}
	d := b.definition(root)
	b.sort()
	return d, b.findings
}

func fault(code cluster.Code, found, expected, mend string) cluster.Violation {
	return cluster.Violation{Code: code, Severity: cluster.SeverityError, Found: found, Expected: expected, Mend: mend}
}

// node is one value of a text, of whatever form.
type node struct {
	offset int // of its key, or of itself in a list
	value  any // string, int64 or another scalar; nil of a table and of a list
	table  map[string]*node
	keys   []string // of the table, in a fixed order
	list   []*node
}

// kind names what a node is, for people.
func (n *node) kind() string {
	switch n.value.(type) {
	case string:
		return "a text"
	case int64:
		return "a whole number"
	case nil:
		switch {
		case n.table != nil:
			return "a table"
		case n.list != nil:
			return "a list"
		}
		return "null"
	}
	return fmt.Sprint(n.value)
}

// syntaxError is where a text stops being one of its form.
type syntaxError struct {
	offset int
	code   cluster.Code
	found  string
}

func (e *syntaxError) Error() string { return e.found }
