// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/safefile"
)

// Text is a settings file that is being edited.
type Text struct {
	file  string
	lines []string
}

// Edit changes the settings file at path: it locks, reads, calls edit and, if that
// changed anything, saves. Comments, order, unknown variables, owner and mode stay.
// Edits of one file, in this process and in others, happen one after the other and
// none is lost. A file that does not exist starts as [Template].
//
// What edit leaves must be free of errors: else it is an *InvalidError and nothing
// is written. An error of edit is returned as it is. Errors of input and output are
// a *safefile.Error: ErrChanged of that package when somebody else wrote the file
// meanwhile, ErrLocked when another editor does not come to an end. edit runs under
// the lock and must not Edit the same file.
func Edit(ctx context.Context, path string, edit func(*Text) error) error {
	target, err := safefile.Resolve(path)
	if err != nil {
		return &safefile.Error{Op: "read", Path: path, Err: err}
	}
	lock, err := safefile.Lock(ctx, target)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	source, err := safefile.Read(target, MaxSize)
	if err != nil {
		return err
	}
	text := source.Text
	if !source.There {
		text = Template()
	}
	t := &Text{file: path, lines: strings.Split(text, "\n")}
	if err := edit(t); err != nil {
		return err
	}
	edited := t.String()
	if source.There && edited == source.Text {
		return nil
	}
	if _, findings := Parse(path, []byte(edited)); findings.Err() != nil {
		return findings.Err()
	}
	return source.Replace(edited)
}

// String returns the text.
func (t *Text) String() string { return strings.Join(t.lines, "\n") }

// Settings returns what the text sets, and what is wrong with it.
func (t *Text) Settings() (*Settings, Findings) { return Parse(t.file, []byte(t.String())) }

// Set gives a variable a value; an empty one is what the init script takes for none.
// The line that counts, the last one, is changed and keeps its indentation, its
// quotes and its comment. Without such a line one is added at the end, with a comment
// that says what the variable is for. It panics when the name is not one of the
// variables of this package.
func (t *Text) Set(name, value string) {
	if !slices.Contains(variables(), name) {
		panic(fmt.Sprintf("settings: %q is no variable", name))
	}
	for i, line := range slices.Backward(t.lines) {
		if changed, ok := assign(line, name, value); ok {
			t.lines[i] = changed
			return
		}
	}
	// The file ends with a newline, and so the last element is empty.
	for len(t.lines) > 0 && strings.TrimSpace(t.lines[len(t.lines)-1]) == "" {
		t.lines = t.lines[:len(t.lines)-1]
	}
	if len(t.lines) > 0 {
		t.lines = append(t.lines, "")
	}
	t.lines = append(t.lines, strings.Split(entry(name, value), "\n")...)
}

// assign returns a line that assigns to name with another value.
func assign(line, name, value string) (changed string, ok bool) {
	parts := assignLine.FindStringSubmatchIndex(line)
	if parts == nil || line[parts[2]:parts[3]] != name {
		return "", false
	}
	before, raw := line[:parts[4]], line[parts[4]:parts[5]]
	word := plainValue.FindStringSubmatch(raw)
	if word == nil { // something for a shell: it goes as a whole
		return before + quote(value), true
	}
	old, rest := word[1], raw[len(word[1]):]
	if old != "" && strings.ContainsAny(old[:1], `"'`) && !strings.ContainsAny(value, "\"'$\\`") {
		return before + old[:1] + value + old[:1] + rest, true
	}
	return before + quote(value) + rest, true
}

// quote writes a value as a word for the shell.
func quote(value string) string {
	if value == "" || plainValue.FindStringSubmatch(value) != nil && !strings.ContainsAny(value, " \t#\"'") {
		return value
	}
	return "'" + value + "'"
}
