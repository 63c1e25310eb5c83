// SPDX-License-Identifier: Apache-2.0

package cluster

import "fmt"

// Finding is something wrong at one place of a text. Its JSON form is stable.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // in bytes from 1
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Found    string   `json:"found"`
	Expected string   `json:"expected"`
	Mend     string   `json:"mend"`

	// Permissible marks an error that neither the C tools nor the kernel mind.
	Permissible bool `json:"permissible"`
}

// At returns the finding that v is at a place.
func (v Violation) At(file string, line, column int) Finding {
	return Finding{
		File: file, Line: line, Column: column, Severity: v.Severity, Code: v.Code,
		Found: v.Found, Expected: v.Expected, Mend: v.Mend, Permissible: v.Permissible,
	}
}

// String returns the finding in one line, as compilers print theirs.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s; expected %s; mend: %s [%s]",
		f.File, f.Line, f.Column, f.Severity, f.Found, f.Expected, f.Mend, f.Code)
}

// Findings are what is wrong with a text, in the order of their places.
type Findings []Finding

// Errors returns the findings that are errors, permissible or not.
func (fs Findings) Errors() Findings {
	return fs.filter(func(f Finding) bool { return f.Severity == SeverityError })
}

// Err returns an *InvalidError with all errors, or nil when there is none.
func (fs Findings) Err() error { return invalid(fs.Errors()) }

// ErrPermissive is Err without the permissible errors.
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

// InvalidError is that a text breaks rules.
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
