// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// splice replaces the bytes from start to end of a text.
type splice struct {
	start, end int
	text       string
}

// apply makes changes that do not overlap and reads the result.
func (f *File) apply(changes ...splice) {
	slices.SortStableFunc(changes, func(a, b splice) int { return a.start - b.start })
	var out strings.Builder
	at := 0
	for _, c := range changes {
		out.WriteString(f.tree.text[at:c.start] + c.text)
		at = c.end
	}
	out.WriteString(f.tree.text[at:])
	f.parse(out.String())
}

// set applies changes that write a value.
func (f *File) set(value string, changes ...splice) error {
	if err := checkValue(value); err != nil {
		return err
	}
	f.apply(changes...)
	return nil
}

// setting is the change that gives an attribute a value: in place, with the
// blanks and the carriage return round the old value kept, or as a new line below
// the other attributes.
func (f *File) setting(s *stanza, attribute, value string) splice {
	t := &f.tree
	at := t.attribute(s, attribute)
	if at < 0 {
		return f.newAttribute(s, attribute, value)
	}
	l := t.lines[at]
	raw := t.text[l.valueStart:l.valueEnd]
	trimmed := strings.TrimRight(raw, trailing)
	end := l.valueEnd
	if !strings.Contains(raw, "\n") && !strings.HasSuffix(trimmed, `\`) {
		end = l.valueStart + len(trimmed)
	}
	text := encode(value)
	if trimmed == "" && t.text[l.valueStart-1] == '=' && isBlank(t.text[l.valueStart-2]) {
		text = " " + text
	}
	return splice{l.valueStart, end, text}
}

// newAttribute is the change that adds a line to a stanza, laid out like the line above it.
func (f *File) newAttribute(s *stanza, attribute, value string) splice {
	t := &f.tree
	above, indent, separator := s.head, "\t", " = "
	if n := len(s.attributes); n > 0 {
		above = s.attributes[n-1]
		indent, separator = t.layout(above)
	}
	return t.lineAfter(above, attributeText(indent, attribute, separator, value))
}

// lineAfter is the change that puts text behind a line. At the end of the file
// the line may lack its newline, and end in a backslash that readers drop there.
func (t *tree) lineAfter(i int, text string) splice {
	l := t.lines[i]
	terminated := strings.HasSuffix(t.text[l.start:l.end], "\n")
	if l.kind == attributeLine {
		terminated = l.valueEnd < l.end // a continuation at the end of the file ends nothing
	}
	if terminated {
		return splice{l.end, l.end, text}
	}
	// Of a line that is no attribute the value is empty.
	start, newline := l.end, "\n"
	if raw, dropped := strings.CutSuffix(t.text[l.valueStart:l.valueEnd], `\`); dropped {
		start--
		if strings.HasSuffix(raw, `\`) {
			newline = " \n" // keeps the backslash that stays from joining the lines
		}
	}
	return splice{start, l.end, newline + text}
}

// layout returns what stands before the name of an attribute and between name and value.
func (t *tree) layout(i int) (indent, separator string) {
	l := t.lines[i]
	return t.text[l.start:l.wordStart], t.text[l.wordEnd:l.valueStart]
}

// newStanza is a stanza to be added.
type newStanza struct {
	kind   cluster.Kind
	values map[string]string
}

// insertMember adds a node or a region to a cluster: behind the last of its kind,
// or else behind the last stanza of the cluster that the C tools would write before it.
func (f *File) insertMember(of string, n newStanza) error {
	after, model := f.clusterStanza(of), f.lastStanza(n.kind)
	for _, s := range f.membersOf(of) {
		if s.kind == string(n.kind) {
			after, model = s, s
		}
	}
	if after.kind != string(n.kind) && n.kind == cluster.KindNode {
		for _, s := range f.membersOf(of) {
			after = s
		}
	}
	return f.insert(after, model, n)
}

// insert adds a stanza behind another, or at the end of the file, laid out like model.
func (f *File) insert(after, model *stanza, n newStanza) error {
	for _, value := range n.values {
		if err := checkValue(value); err != nil {
			return err
		}
	}
	text := f.stanzaText(model, n)
	last := f.lastLine()
	if after != nil {
		last = after.end - 1
	}
	if last < 0 {
		f.apply(splice{0, 0, text + "\n"})
		return nil
	}
	gap := "\n"
	if model != nil {
		gap = f.gapAbove(model)
	}
	if gap == "" && f.tree.lines[last].kind == commentLine {
		gap = "\n" // or the comment would become the new stanza's
	}
	if model == nil && f.tree.lines[last].end == f.bodyEnd() {
		text += "\n"
	}
	f.apply(f.tree.lineAfter(last, gap+text))
	return nil
}

// lastLine returns the index of the last line that is neither blank nor behind a NUL byte; -1 without one.
func (f *File) lastLine() int {
	for i, l := range slices.Backward(f.tree.lines) {
		if l.kind != blankLines && l.kind != tailLine {
			return i
		}
	}
	return -1
}

// bodyEnd returns where the text ends for readers.
func (f *File) bodyEnd() int {
	if nul := strings.IndexByte(f.tree.text, 0); nul >= 0 {
		return nul
	}
	return len(f.tree.text)
}

// gapAbove returns the blank lines that separate a stanza from what stands above
// it; one blank line for the first stanza of the file.
func (f *File) gapAbove(s *stanza) string {
	if f.tree.stanzas[0] == s {
		return "\n"
	}
	above := f.tree.lines[s.lead-1]
	if above.kind != blankLines {
		return ""
	}
	return strings.Repeat("\n", strings.Count(f.tree.text[above.start:above.end], "\n"))
}

// stanzaText lays out a new stanza like another one of its kind, attribute by attribute.
func (f *File) stanzaText(model *stanza, n newStanza) string {
	var out strings.Builder
	out.WriteString(string(n.kind) + ":\n")
	for _, name := range f.attributeOrder(model, n) {
		indent, separator := "\t", " = "
		if model != nil {
			if at := f.tree.attribute(model, name); at >= 0 {
				indent, separator = f.tree.layout(at)
			} else if len(model.attributes) > 0 {
				indent, separator = f.tree.layout(model.attributes[0])
			}
		}
		out.WriteString(attributeText(indent, name, separator, n.values[name]))
	}
	return out.String()
}

// attributeOrder returns the names of a new stanza's attributes in the order of the model.
func (f *File) attributeOrder(model *stanza, n newStanza) []string {
	var order []string
	if model != nil {
		for _, i := range model.attributes {
			name := f.tree.word(i)
			if _, wanted := n.values[name]; wanted && !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
	}
	for _, name := range attributeNames(string(n.kind)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

// remove takes stanzas out, each with the comments that belong to it and the
// blank lines that would otherwise double.
func (f *File) remove(stanzas ...*stanza) {
	changes := make([]splice, 0, len(stanzas))
	for _, s := range stanzas {
		changes = append(changes, f.removal(s))
	}
	f.apply(changes...)
}

func (f *File) removal(s *stanza) splice {
	lines := f.tree.lines
	c := splice{start: lines[s.lead].start, end: lines[s.end-1].end}
	blankAbove := s.lead == 0 || lines[s.lead-1].kind == blankLines
	if blankAbove && s.end < len(lines) && lines[s.end].kind == blankLines {
		c.end = lines[s.end].end
	}
	return c
}
