// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/ini.v1"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// assignment is one line NAME=VALUE.
type assignment struct {
	name, value  string
	line, column int    // of the value
	raw          string // the value as it is written; all behind the sign when it was refused
	refused      bool   // only a shell understands the value
}

// reader collects what a text says and what is wrong with it.
type reader struct {
	file        string
	findings    Findings
	assignments []assignment // in the order of the text
	refused     []assignment // that set nothing
}

// Parse reads a text. It never fails: the findings say what is wrong, and the
// settings hold what could be read. name stands in the findings and is not opened.
func Parse(name string, text []byte) (*Settings, Findings) {
	r := &reader{file: name}
	if len(text) > MaxSize {
		r.add(1, 1, fault(CodeFileTooLarge, fmt.Sprintf("a file of more than %d bytes", MaxSize),
			"a settings file", "look whether it is one at all"))
		return &Settings{}, r.findings
	}
	r.lines(string(text))
	s := &Settings{}
	r.interpret(s)
	slices.SortStableFunc(r.findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return s, r.findings
}

// lines reads all lines.
func (r *reader) lines(text string) {
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		r.line(number, line)
	}
}

// lazily compiles a pattern when it is first used: most programs that have this
// package in them never read such a file, and all of them start.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// A line is blank, a comment or an assignment, which may be exported.
var (
	blankLine  = lazily(`^[ \t]*(#.*)?$`)
	assignLine = lazily(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

	// plainValue is one word that means the same to the shell and to a reader
	// that is none, and a comment behind it.
	plainValue = lazily("^(" + `[^ \t"'$\\;&|<>()~` + "`" + `]*` + "|" + `"[^"$\\` + "`" + `]*"` + "|" + `'[^']*'` + `)(?:[ \t]+#.*|[ \t]*)$`)

	singleQuoted = lazily(`'[^']*'`)
	expansion    = lazily(`\$[^ \t"';&|<>]*`)
	substitution = lazily("\\$\\([^\"']*|`[^`]*`?")
)

// line reads one line.
func (r *reader) line(number int, line string) {
	if i := strings.IndexByte(line, '\r'); i >= 0 {
		r.add(number, i+1, fault(CodeCR, "a carriage return, which the shell takes for a part of the value",
			"lines that end with a line feed alone", "dos2unix FILE"))
		return
	}
	if i := strings.IndexByte(line, 0); i >= 0 {
		r.add(number, i+1, fault(CodeNUL, "a NUL byte", "text", "remove it"))
		return
	}
	if blankLine().MatchString(line) {
		return
	}
	parts := assignLine().FindStringSubmatchIndex(line)
	if parts == nil {
		r.noAssignment(number, line)
		return
	}
	name, raw := line[parts[2]:parts[3]], line[parts[4]:parts[5]]
	column := parts[4] + 1
	word := plainValue().FindStringSubmatch(raw)
	if word == nil {
		r.add(number, column, refuse(name, raw))
		r.refused = append(r.refused, assignment{name: name, line: number, column: column, raw: raw, refused: true})
		return
	}
	value, err := unquote(word[1])
	if err != nil {
		r.add(number, column, shellSyntax(name, raw))
		return
	}
	r.assignments = append(r.assignments, assignment{name: name, value: value, line: number, column: column, raw: word[1]})
}

// unquote returns the value of a plain word.
func unquote(word string) (string, error) {
	// The word of one line is all that the library sees: it knows no positions,
	// and of a whole file it would join lines and read sections.
	file, err := ini.LoadSources(ini.LoadOptions{
		KeyValueDelimiters: "=", IgnoreInlineComment: true, IgnoreContinuation: true,
	}, []byte("word="+word))
	if err != nil {
		return "", err
	}
	// Value and not String, which would expand %(NAME)s.
	return file.Section("").Key("word").Value(), nil
}

func (r *reader) noAssignment(number int, line string) {
	text := strings.TrimLeft(line, " \t")
	mend := "write NAME=VALUE, or make the line a comment: the file is read, and never run"
	if name, _, found := strings.Cut(text, "="); found && isName(strings.TrimRight(name, " \t")) {
		mend = fmt.Sprintf("write %s=VALUE, without blanks at the sign", strings.TrimRight(name, " \t"))
	}
	r.add(number, len(line)-len(text)+1, fault(CodeNoAssignment, fmt.Sprintf("%q", excerpt(text)), "NAME=VALUE", mend))
}

func isName(s string) bool {
	parts := assignLine().FindStringSubmatch(s + "=")
	return parts != nil && parts[1] == s
}

// refuse says what of a value only a shell understands.
func refuse(name, raw string) cluster.Violation {
	name = excerpt(name)
	open := singleQuoted().ReplaceAllString(raw, "")
	if command := substitution().FindString(open); command != "" {
		return fault(CodeCommandSubstitution, fmt.Sprintf("%s has %q, which the shell would run", name, excerpt(command)),
			"a value: the file is read, and never run", "write what the command prints")
	}
	if variable := expansion().FindString(open); variable != "" {
		return fault(CodeExpansion, fmt.Sprintf("%s has %q, which the shell would expand", name, excerpt(variable)),
			"a value: the file is read, and never run", "write what it stands for, or put the value in single quotes if the $ is meant")
	}
	return shellSyntax(name, raw)
}

func shellSyntax(name, raw string) cluster.Violation {
	return fault(CodeShellSyntax, fmt.Sprintf("%s has %q, which is no plain value", excerpt(name), excerpt(raw)),
		"one assignment on a line, its value a word or a text in one pair of quotes", "write it so")
}

// excerpt cuts a text that would fill the screen.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}

func fault(code cluster.Code, found, expected, mend string) cluster.Violation {
	return cluster.Violation{Code: code, Severity: cluster.SeverityError, Found: found, Expected: expected, Mend: mend}
}

func (r *reader) add(line, column int, v cluster.Violation) {
	r.findings = append(r.findings, v.At(r.file, line, column))
}
