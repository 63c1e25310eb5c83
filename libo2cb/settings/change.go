// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Change gives one variable a value.
type Change struct {
	Variable string // one of the constants of this package
	Value    string // empty: the init script's or the kernel's own
}

// ChangeError is a change that no settings file may hold.
type ChangeError struct {
	Variable, Value string
	Found           string // what is wrong with it
	Expected        string
	Mend            string
}

// Error returns one line with what is allowed.
func (e *ChangeError) Error() string {
	return fmt.Sprintf("set %s: %s; expected %s; mend: %s", excerpt(e.Variable), e.Found, e.Expected, e.Mend)
}

// Check returns a *ChangeError when the value is out of the variable's range or no
// value at all, or the variable is none. Whether a keepalive delay stays below the
// idle timeout depends on both, so that only Edit can tell.
func (c Change) Check() error {
	refused := &ChangeError{Variable: c.Variable, Value: c.Value}
	if !slices.Contains(variables(), c.Variable) {
		refused.Found, refused.Expected, refused.Mend = "no such variable", "one of "+strings.Join(variables(), ", "), "correct the name"
		return refused
	}
	word, err := quote(c.Value, "")
	if err != nil {
		refused.Found, refused.Expected, refused.Mend = fmt.Sprintf("%q: %v", excerpt(c.Value), err), "a plain value", "correct the value"
		return refused
	}
	_, findings := Parse(c.Variable, []byte(c.Variable+"="+word))
	for _, f := range findings {
		// A word that is neither true nor false counts as false: nobody sets it on purpose.
		if f.Severity == cluster.SeverityError && f.Code != cluster.CodeKeepaliveIdle || f.Code == CodeBoolean {
			refused.Found, refused.Expected, refused.Mend = f.Found, f.Expected, f.Mend
			return refused
		}
	}
	return nil
}

// apply returns the text with the change, and the value that counted before.
func (c Change) apply(text string) (after, was string, err error) {
	r := &reader{}
	r.lines(text)
	lines := strings.Split(text, "\n")
	a, set := r.counts(c.Variable)
	switch {
	case set && !a.refused && a.value == c.Value, !set && c.Value == "":
		return text, a.value, nil
	case set && a.raw == "" && a.refused:
		return text, "", nil // more than one word: its error stays, and Edit refuses
	}
	word, err := quote(c.Value, a.raw)
	if err != nil {
		return "", "", err
	}
	if set {
		line, start := &lines[a.line-1], a.column-1
		*line = (*line)[:start] + word + (*line)[start+len(a.raw):]
		return strings.Join(lines, "\n"), a.value, nil
	}
	at := r.place(c.Variable, lines)
	if at == len(lines) {
		lines = append(lines, "") // the last line gets its end
	}
	lines = slices.Insert(lines, at, c.Variable+"="+word)
	return strings.Join(lines, "\n"), "", nil
}

// expandedWord is one word with what only a shell understands, and a comment behind
// it: what a change of that variable replaces as a whole.
var expandedWord = lazily("^(" + `(?:[^ \t"'$\\;&|<>()` + "`]|" + expanded + ")+" + "|" + `"(?:[^"$\\` + "`]|" + expanded + `)*"` + `)(?:[ \t]+#.*|[ \t]*)$`)

// expanded is a command or a variable of which a shell takes the value.
const expanded = `\$\([^()"'\\` + "`" + `]*\)|` + "`[^`\"'\\\\]*`" + `|\$[A-Za-z0-9_]+|\$\{[^{}"'\\` + "`" + `]*\}`

// counts returns the last assignment of a variable. Of a refused one raw is empty
// unless it is one word.
func (r *reader) counts(variable string) (last assignment, set bool) {
	for _, a := range append(slices.Clone(r.assignments), r.refused...) {
		if a.name == variable && a.line > last.line {
			last, set = a, true
		}
	}
	if last.refused {
		word := expandedWord().FindStringSubmatch(last.raw)
		last.raw = ""
		if word != nil {
			last.raw = word[1]
		}
	}
	return last, set
}

// place returns the index that the line of a variable gets which the text does not
// set: behind its commented example, else behind the nearest variable that the
// template has before it, else at the end.
func (r *reader) place(variable string, lines []string) int {
	example := regexp.MustCompile(`^[ \t]*#[# \t]*(?:export[ \t]+)?` + variable + `=`)
	for i, line := range slices.Backward(lines) {
		if example.MatchString(line) {
			return i + 1
		}
	}
	all := variables()
	for _, before := range slices.Backward(all[:slices.Index(all, variable)]) {
		if a, set := r.counts(before); set {
			return a.line
		}
	}
	if last := len(lines) - 1; lines[last] == "" {
		return last
	}
	return len(lines)
}

// quote writes a value as one word in the manner of another: bare, in single or in
// double quotes, whichever the value allows.
func quote(value, like string) (string, error) {
	styles := []string{"", "'", `"`}
	if like != "" && strings.Contains(`'"`, like[:1]) {
		styles = slices.Insert(styles, 0, like[:1])
	}
	for _, mark := range styles {
		if !fits(value, mark) {
			continue
		}
		word := mark + value + mark
		if parts := plainValue().FindStringSubmatch(word); parts == nil || parts[1] != word {
			continue
		}
		if read, err := unquote(word); err == nil && read == value {
			return word, nil
		}
	}
	return "", errUnwritable
}

// bareWord is what means itself to every shell.
var bareWord = lazily(`^[A-Za-z0-9_@%+=:,./-]*$`)

// fits tells whether a value means itself between marks, or without.
func fits(value, mark string) bool {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return false
	}
	switch mark {
	case "'":
		return !strings.Contains(value, "'")
	case `"`:
		return !strings.ContainsAny(value, "\"$\\`")
	}
	return bareWord().MatchString(value)
}
