// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"fmt"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Pos is a place in a file.
type Pos struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // in bytes from 1; a tab counts as one
}

// String returns file:line:column.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Rules that only a text can break. Those on its meaning are package cluster's.
const (
	CodeFileTooLarge      cluster.Code = "file-too-large"      // more than MaxSize bytes; nothing was read
	CodeSyntaxHead        cluster.Code = "syntax-head"         // a line that should be a stanza's head and is not
	CodeSyntaxAttribute   cluster.Code = "syntax-attribute"    // an indented line that is no attribute
	CodeSyntaxOutside     cluster.Code = "syntax-outside"      // an attribute outside a stanza: a blank line ends one
	CodeSyntaxByte        cluster.Code = "syntax-byte"         // a line that starts with a byte that starts nothing
	CodeSyntaxCR          cluster.Code = "syntax-cr"           // a carriage return where none may stand
	CodeNUL               cluster.Code = "nul"                 // a NUL byte, which ends the file for the C tools
	CodeMissingAttribute  cluster.Code = "missing-attribute"   // a required attribute is not there
	CodeRepeatedAttribute cluster.Code = "repeated-attribute"  // an attribute twice in a stanza; the last one counts
	CodeUnknownAttribute  cluster.Code = "unknown-attribute"   // an attribute that nothing reads
	CodeUnknownStanza     cluster.Code = "unknown-stanza"      // a stanza that nothing reads
	CodeUnknownCluster    cluster.Code = "unknown-cluster"     // a node or region of no cluster; it is ignored
	CodeDuplicateCluster  cluster.Code = "duplicate-cluster"   // two clusters of one name
	CodeNumberSyntax      cluster.Code = "number-syntax"       // no decimal number
	CodeNumberTooLarge    cluster.Code = "number-out-of-range" // a number that the C tools cannot hold
	CodeAddressSyntax     cluster.Code = "address-syntax"      // no dotted IPv4 address
)

// Finding is something wrong at one place of a file. Its JSON form is stable.
type Finding struct {
	Pos
	Severity cluster.Severity `json:"severity"`
	Code     cluster.Code     `json:"code"`
	Found    string           `json:"found"`
	Expected string           `json:"expected"`
	Mend     string           `json:"mend"`

	// Permissible marks an error that neither the C tools nor the kernel mind.
	Permissible bool `json:"permissible"`
}

// String returns the finding in one line, as compilers print theirs.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s; expected %s; mend: %s [%s]", f.Pos, f.Severity, f.Found, f.Expected, f.Mend, f.Code)
}

// Findings are what is wrong with a file, in the order of their places.
type Findings []Finding

// Errors returns the findings that are errors, permissible or not.
func (fs Findings) Errors() Findings {
	return fs.filter(func(f Finding) bool { return f.Severity == cluster.SeverityError })
}

// Warnings returns the findings that are none.
func (fs Findings) Warnings() Findings {
	return fs.filter(func(f Finding) bool { return f.Severity != cluster.SeverityError })
}

// Err returns an *InvalidError with all errors, or nil when there is none.
func (fs Findings) Err() error { return invalid(fs.Errors()) }

// ErrPermissive is Err without the permissible errors: it returns nil when the C
// tools and the kernel take the file.
func (fs Findings) ErrPermissive() error {
	return invalid(fs.Errors().filter(func(f Finding) bool { return !f.Permissible }))
}

func (fs Findings) filter(keep func(Finding) bool) Findings {
	var kept Findings
	for _, f := range fs {
		if keep(f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// sort puts the findings in the order of their places; those of one place stay as found.
func (fs Findings) sort() {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// InvalidError is that a file breaks rules.
type InvalidError struct {
	Findings Findings // at least one
}

// Error returns the first finding in one line, and how many more there are.
func (e *InvalidError) Error() string {
	if more := len(e.Findings) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", e.Findings[0], more)
	}
	return e.Findings[0].String()
}

func invalid(errors Findings) error {
	if len(errors) == 0 {
		return nil
	}
	return &InvalidError{Findings: errors}
}
