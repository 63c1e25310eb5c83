// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
)

// printJSON prints a value as indented JSON, for programs and for people who read what programs read.
func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// printDone prints what a verb did as JSON. When it failed its one document is the
// report of that, which has what was done in it.
func printDone(w io.Writer, done any, err error) error {
	if err != nil {
		return halfDone{err, done}
	}
	return printJSON(w, done)
}
