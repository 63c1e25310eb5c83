// SPDX-License-Identifier: Apache-2.0

package conf

import "strings"

// lineKind says what a line of the file is.
type lineKind uint8

const (
	blankLines    lineKind = iota // one or more blank lines in a row
	commentLine                   // # at column 0, to the end of the line
	headLine                      // WORD: and nothing but spaces and tabs
	attributeLine                 // indented NAME = VALUE, with its continuations
	brokenLine                    // what the C parser refuses and nothing can be made of
	tailLine                      // a NUL byte and all that follows
)

// line is a logical line: a piece of the text that the parser takes at once. All
// offsets are into the text of the file. The lines of a file, in order and
// without gaps, are the file.
type line struct {
	kind   lineKind
	number int // of its first line in the file, from 1
	start  int
	end    int // after the newline, if it has one

	// Of a head the name of the stanza, of an attribute its name.
	wordStart, wordEnd int

	// Of an attribute the raw value without the leading blanks and the final newline.
	valueStart, valueEnd int

	// mended is that the C parser refuses the line, but what was meant is plain:
	// taking it so spares the reader the errors that would only follow from it.
	mended bool
	// valueless is that the mended line is an attribute without a value.
	valueless bool
}

// cScanner cuts a text into lines by the grammar of the C parser (jconfig.c of
// ocfs2-tools, ocfs2-tools 1.8.7):
//
//	the byte at column 0 decides what a line is
//	[A-Za-z0-9_]  head: WORD ':' blanks newline
//	#             comment
//	newline       blank line, as is a line of nothing but blanks; ends the stanza
//	blank         attribute: NAME blanks '=' blanks VALUE newline
//	anything else error
//
// Blanks are spaces and tabs. Backslash newline continues a value. A NUL byte or
// the end of the text ends anything.
type cScanner struct {
	name     string // of the file
	text     string
	body     int // where the text ends for the C parser: its length, or the first NUL
	at       int
	number   int
	findings Findings
}

// usualLines is more than the lines of the largest cluster, seven for each node.
// Room for no more is made at once: a file may be nothing but line breaks.
const usualLines = 2048

// scan cuts the text into lines.
func scan(name, text string) ([]line, Findings) {
	s := &cScanner{name: name, text: text, body: len(text), number: 1}
	if nul := strings.IndexByte(text, 0); nul >= 0 {
		s.body = nul
	}
	lines := make([]line, 0, min(strings.Count(text[:s.body], "\n")+1, usualLines))
	for s.at < s.body {
		l := s.next()
		if n := len(lines); n > 0 && l.kind == blankLines && lines[n-1].kind == blankLines {
			lines[n-1].end = l.end
			continue
		}
		lines = append(lines, l)
	}
	if s.body < len(text) {
		lines = append(lines, line{kind: tailLine, number: s.number, start: s.body, end: len(text)})
		s.reportNUL(lines)
	}
	return lines, s.findings
}

// next takes one line, which is not empty.
func (s *cScanner) next() line {
	l := line{number: s.number, start: s.at}
	switch c := s.text[s.at]; {
	case isWordByte(c):
		s.head(&l)
	case c == '#':
		l.kind = commentLine
		s.toNewline()
	case c == '\n':
		l.kind = blankLines
	case isBlank(c):
		s.indented(&l)
	default:
		s.badByte(&l)
	}
	s.newline()
	l.end = s.at
	return l
}

// head takes WORD ':' blanks.
func (s *cScanner) head(l *line) {
	s.word(l)
	colon := s.at
	if s.peek() == ':' {
		s.at++
		s.blanks()
		if s.atEnd() {
			l.kind = headLine
			return
		}
	}
	s.badHead(l, colon)
}

// indented takes an attribute, or a line of nothing but blanks.
func (s *cScanner) indented(l *line) {
	s.blanks()
	if s.atEnd() {
		l.kind = blankLines
		return
	}
	s.word(l)
	s.blanks()
	if l.wordEnd == l.wordStart || s.peek() != '=' {
		s.badAttribute(l)
		return
	}
	l.kind = attributeLine
	s.value(l)
}

// value takes '=' blanks VALUE.
func (s *cScanner) value(l *line) {
	s.at++
	s.blanks()
	l.valueStart = s.at
	for !s.atEnd() {
		if s.text[s.at] == '\\' && s.at+1 < s.body && s.text[s.at+1] == '\n' {
			s.number++
			s.at++
		}
		s.at++
	}
	l.valueEnd = s.at
}

func (s *cScanner) word(l *line) {
	l.wordStart = s.at
	for s.at < s.body && isWordByte(s.text[s.at]) {
		s.at++
	}
	l.wordEnd = s.at
}

func (s *cScanner) blanks() {
	for s.at < s.body && isBlank(s.text[s.at]) {
		s.at++
	}
}

// peek returns the next byte; a newline at the end.
func (s *cScanner) peek() byte {
	if s.at == s.body {
		return '\n'
	}
	return s.text[s.at]
}

func (s *cScanner) atEnd() bool { return s.peek() == '\n' }

func (s *cScanner) toNewline() {
	for !s.atEnd() {
		s.at++
	}
}

// newline takes the newline after a line, if there is one.
func (s *cScanner) newline() {
	if s.at < s.body {
		s.at++
		s.number++
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
