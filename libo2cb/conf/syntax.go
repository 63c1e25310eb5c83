// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// mendCR is the mend for carriage returns, which are all over a file that has one.
const mendCR = `convert the file to Unix line ends, for example with sed -i 's/\r$//'`

// badHead reports a line that starts with a word and is no head. colon is where
// the colon should stand. An attribute that lacks its indent, and a head with
// something behind it, are taken for what they were meant to be.
func (s *cScanner) badHead(l *line, colon int) {
	word := s.text[l.wordStart:l.wordEnd]
	s.at = colon
	rest, _, _ := strings.Cut(s.text[colon:s.body], "\n")
	after := strings.TrimLeft(rest, " \t")
	switch {
	case strings.HasPrefix(after, "="):
		s.report(l, l.start, CodeSyntaxAttribute, "an attribute that is not indented", "a tab or spaces before "+excerpt(word), "indent the line")
		s.at = colon + len(rest) - len(after)
		l.kind, l.mended = attributeLine, true
		s.value(l)
		return
	case strings.Trim(rest, ": \t\r") == "" && strings.HasSuffix(rest, "\r"):
		s.report(l, colon+len(rest)-1, CodeSyntaxCR, "a carriage return after the head of a stanza", "the end of the line",
			mendCR)
	case strings.HasPrefix(rest, ":"):
		behind := colon + 1 + len(rest[1:]) - len(strings.TrimLeft(rest[1:], " \t"))
		s.report(l, behind, CodeSyntaxHead, fmt.Sprintf("%q after the head of a stanza", excerpt(s.text[behind:colon+len(rest)])),
			"nothing after "+excerpt(word)+":", "put it on a line of its own, a comment with # in the first column")
	case strings.HasPrefix(after, ":"):
		s.report(l, colon, CodeSyntaxHead, "a blank before the colon", excerpt(word)+":", "remove the blank")
	default:
		s.report(l, colon, CodeSyntaxHead, fmt.Sprintf("%q", excerpt(s.text[l.start:colon+len(rest)])),
			"the head of a stanza, such as node:, or an indented attribute", "write "+excerpt(word)+":, or indent the line")
		l.kind = brokenLine
		if isStanza(word) {
			l.kind, l.mended = headLine, true
		}
		s.toNewline()
		return
	}
	l.kind, l.mended = headLine, true
	s.toNewline()
}

// badAttribute reports an indented line that is no attribute; s.at is where it fails.
func (s *cScanner) badAttribute(l *line) {
	l.kind = brokenLine
	word := s.text[l.wordStart:l.wordEnd]
	rest, _, _ := strings.Cut(s.text[s.at:s.body], "\n")
	switch {
	case strings.Trim(rest, "\r") == "" && word == "":
		s.report(l, s.at, CodeSyntaxCR, "a carriage return on a blank line", "the end of the line",
			mendCR)
	case strings.HasPrefix(rest, "#"):
		s.report(l, s.at, CodeSyntaxAttribute, "an indented comment", "an attribute: NAME = VALUE", "move the # to the first column")
	case strings.TrimRight(rest, " \t\r") == ":" && isStanza(word):
		s.report(l, l.start, CodeSyntaxHead, "an indented head of a stanza", word+": in the first column", "remove the blanks before it")
		l.kind, l.mended = headLine, true
	case word == "":
		s.report(l, s.at, CodeSyntaxAttribute, fmt.Sprintf("%q", excerpt(rest)), "a name of letters, digits and '_'", "write NAME = VALUE, or make it a comment with # in the first column")
	case strings.Trim(rest, "\r") == "":
		s.report(l, s.at, CodeSyntaxAttribute, fmt.Sprintf("the name %q without a value", excerpt(word)), "an =", "write "+excerpt(word)+" = VALUE")
		l.kind, l.mended, l.valueless = attributeLine, true, true
	default:
		s.report(l, s.at, CodeSyntaxAttribute, fmt.Sprintf("%q after the name %q", excerpt(rest), excerpt(word)), "an =", "write "+excerpt(word)+" = VALUE; a name has only letters, digits and '_'")
		l.kind, l.mended, l.valueless = attributeLine, true, true
	}
	s.toNewline()
	l.valueStart, l.valueEnd = s.at, s.at
}

// byteOrderMark is what some editors put before a text in UTF-8.
const byteOrderMark = "\ufeff"

// badByte reports a line that starts with a byte that can start none. A head
// behind a byte order mark is taken for one.
func (s *cScanner) badByte(l *line) {
	l.kind = brokenLine
	rest, _, _ := strings.Cut(s.text[l.start:s.body], "\n")
	switch {
	case strings.Trim(rest, "\r") == "":
		s.report(l, l.start, CodeSyntaxCR, "a carriage return on a blank line", "the end of the line",
			mendCR)
	case strings.HasPrefix(rest, byteOrderMark):
		s.report(l, l.start, CodeSyntaxByte, "a byte order mark", "plain text", "save the file without one")
		s.at += len(byteOrderMark)
		if isWordByte(s.peek()) {
			l.mended = true
			s.head(l)
		}
	default:
		s.report(l, l.start, CodeSyntaxByte, fmt.Sprintf("%q", excerpt(rest)), "the head of a stanza, an indented attribute, a comment or a blank line",
			"put # in the first column to make it a comment")
	}
	s.toNewline()
}

// reportNUL reports the NUL byte after lines. Padding, as a crash can leave it,
// is harmless. Text behind it is not read by the C tools, and where the NUL
// stands inside a comment or a name what they read depends on the bytes round it.
func (s *cScanner) reportNUL(lines []line) {
	tail := lines[len(lines)-1]
	f := Finding{
		Pos: s.pos(tail.number, tail.start), Severity: cluster.SeverityWarning, Code: CodeNUL,
		Found: "a NUL byte, at which the C tools stop reading", Expected: "the end of the file",
		Mend: "remove it",
	}
	if strings.Trim(s.text[tail.start:], "\x00 \t\r\n") != "" {
		f.Severity, f.Permissible = cluster.SeverityError, true
		f.Found = "a NUL byte with text behind it, which the C tools do not read"
		f.Mend = "remove it, and look whether the text behind it is wanted"
	}
	if len(lines) > 1 && !endsClean(s.text[:s.body], lines[len(lines)-2]) {
		f.Severity, f.Permissible = cluster.SeverityError, false
	}
	s.findings = append(s.findings, f)
}

// endsClean tells whether the C parser surely stops at a NUL that follows the line.
func endsClean(body string, last line) bool {
	switch last.kind {
	case commentLine, brokenLine:
		return strings.HasSuffix(body, "\n")
	}
	return true
}

// report adds a syntax error at an offset on the first line of l.
func (s *cScanner) report(l *line, offset int, code cluster.Code, found, expected, mend string) {
	s.findings = append(s.findings, Finding{
		Pos: s.pos(l.number, offset), Severity: cluster.SeverityError, Code: code,
		Found: found, Expected: expected, Mend: mend,
	})
}

func (s *cScanner) pos(number, offset int) Pos {
	return Pos{File: s.name, Line: number, Column: offset - strings.LastIndexByte(s.text[:offset], '\n')}
}

// excerpt cuts a text that would fill the screen.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}

// isStanza tells a word that names a stanza with a meaning.
func isStanza(word string) bool {
	return slices.Contains(stanzaNames(), word)
}
