// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Format returns the canonical form of the file: what the C tools write, byte
// for byte, and the comments and unknown stanzas that they would lose.
//
// All cluster stanzas come first, then the heartbeat stanzas, then the nodes,
// by cluster and in the order of the file; stanzas that nothing reads come last.
// Attributes are indented with a tab, in the order of the C tools, unknown ones
// last; one blank line follows each stanza. heartbeat_mode is written out,
// numbers lose signs and leading zeros. Of an attribute that stands twice the one
// that counts is kept. Comments stay with what they precede; those above the
// first stanza stay at the top.
//
// A file with errors of syntax is not formatted: the error is an *InvalidError.
// The C tools read the result to the meaning of the file, and formatting it
// again changes nothing. The result is read back before it is returned: one that
// means something else is ErrMeaning, one of more than MaxSize bytes ErrTooLarge.
func Format(f *File) ([]byte, error) {
	formatted, err := format(f)
	if err != nil {
		return nil, err
	}
	return formatted.Bytes(), nil
}

// ErrMeaning is that a canonical form would not mean what the file means.
var ErrMeaning = errors.New("the canonical form would change the meaning of the file; please report this as a bug")

// format returns the canonical form of a file, read back and compared with it.
func format(f *File) (*File, error) {
	if err := f.syntax.Err(); err != nil {
		return nil, err
	}
	w := &formatter{tree: &f.tree}
	w.file()
	formatted, _ := Parse(f.name, []byte(w.out.String()))
	return formatted, sameMeaning(f, formatted)
}

// sameMeaning refuses a canonical form that does not mean what the file means.
func sameMeaning(f, formatted *File) error {
	switch {
	case formatted.tooLarge:
		return errTooLarge(formatted)
	case formatted.syntax.Err() != nil || !reflect.DeepEqual(f.clusters, formatted.clusters):
		return ErrMeaning
	}
	return nil
}

// Format brings the file into the canonical form; see the function of that name.
func (f *File) Format() error {
	formatted, err := format(f)
	if err != nil {
		return err
	}
	f.parse(formatted.tree.text)
	return nil
}

type formatter struct {
	*tree
	out   strings.Builder
	above map[*stanza][]string // comment blocks that stand free above a stanza
}

func (w *formatter) file() {
	top, bottom := w.freeComments()
	w.blocks(top)
	for _, s := range w.canonicalOrder() {
		w.stanza(s)
	}
	w.blocks(bottom)
}

// freeComments finds the comment blocks with blank lines round them. Each goes
// with the stanza that follows it; top are those above the first stanza, bottom
// those below the last.
func (w *formatter) freeComments() (top, bottom []string) {
	w.above = map[*stanza][]string{}
	at := 0
	for i, s := range w.stanzas {
		if blocks := w.commentBlocks(at, s.lead); i == 0 {
			top = blocks
		} else {
			w.above[s] = blocks
		}
		at = s.end
	}
	bottom = w.commentBlocks(at, len(w.lines))
	if len(w.stanzas) == 0 {
		return bottom, nil
	}
	return top, bottom
}

// commentBlocks returns the runs of comments among the lines from start to end.
func (w *formatter) commentBlocks(start, end int) []string {
	var blocks []string
	var block strings.Builder
	for i := start; i <= end; i++ {
		if i < end && w.lines[i].kind == commentLine {
			block.WriteString(w.comment(i))
			continue
		}
		if block.Len() > 0 {
			blocks = append(blocks, take(&block))
		}
	}
	return blocks
}

// take returns what a builder has and empties it.
func take(b *strings.Builder) string {
	text := b.String()
	b.Reset()
	return text
}

// comment returns a comment line with its newline.
func (w *formatter) comment(i int) string {
	l := w.lines[i]
	return strings.TrimSuffix(w.text[l.start:l.end], "\n") + "\n"
}

func (w *formatter) blocks(blocks []string) {
	for _, b := range blocks {
		w.out.WriteString(b + "\n")
	}
}

// canonicalOrder returns the stanzas in the order in which they are written.
func (w *formatter) canonicalOrder() []*stanza {
	rank := map[string]int{}
	for _, s := range w.stanzas {
		if name, there := w.attributeValue(s, cluster.AttributeName); s.kind == string(cluster.KindCluster) && there {
			if _, known := rank[name]; !known {
				rank[name] = len(rank)
			}
		}
	}
	order := func(s *stanza) (group, of int) {
		group = slices.Index(stanzaNames(), s.kind)
		if group < 0 {
			return len(stanzaNames()), 0
		}
		if group == 0 {
			return 0, 0
		}
		name, there := w.attributeValue(s, cluster.AttributeCluster)
		of, known := rank[name]
		if !there || !known {
			of = len(rank)
		}
		return group, of
	}
	sorted := slices.Clone(w.stanzas)
	slices.SortStableFunc(sorted, func(a, b *stanza) int {
		groupA, ofA := order(a)
		groupB, ofB := order(b)
		if groupA != groupB {
			return groupA - groupB
		}
		return ofA - ofB
	})
	return sorted
}

// formatAttribute is an attribute as it will stand, with the comments above it.
type formatAttribute struct {
	name     string
	value    string
	comments string
}

func (w *formatter) stanza(s *stanza) {
	w.blocks(w.above[s])
	for i := s.lead; i < s.head; i++ {
		w.out.WriteString(w.comment(i))
	}
	w.out.WriteString(s.kind + ":\n")
	attributes, top, bottom := w.attributes(s)
	w.out.WriteString(top)
	for _, a := range attributes {
		w.out.WriteString(a.comments + attributeText("\t", a.name, " = ", a.value))
	}
	w.out.WriteString(bottom + "\n")
}

// attributes returns the attributes of a stanza in canonical order, the comments
// directly below its head, which describe the stanza, and those below its last
// attribute. Comments between attributes go with the attribute below them.
func (w *formatter) attributes(s *stanza) (sorted []formatAttribute, top, bottom string) {
	known := attributeNames(s.kind)
	var pending strings.Builder
	for i := s.head + 1; i < s.end; i++ {
		switch w.lines[i].kind {
		case commentLine:
			pending.WriteString(w.comment(i))
		case attributeLine:
			if i == s.attributes[0] {
				top = take(&pending)
			}
			name := w.word(i)
			if known != nil && w.attribute(s, name) != i {
				continue
			}
			sorted = append(sorted, formatAttribute{name, canonicalValue(known, name, w.value(i)), take(&pending)})
		}
	}
	if len(s.attributes) == 0 {
		top = take(&pending)
	}
	if s.kind == string(cluster.KindCluster) && w.attribute(s, cluster.AttributeHeartbeatMode) < 0 {
		sorted = append(sorted, formatAttribute{name: cluster.AttributeHeartbeatMode, value: string(cluster.LocalHeartbeat)})
	}
	slices.SortStableFunc(sorted, func(a, b formatAttribute) int {
		return attributeRank(known, a.name) - attributeRank(known, b.name)
	})
	return sorted, top, pending.String()
}

func attributeRank(known []string, name string) int {
	if i := slices.Index(known, name); i >= 0 {
		return i
	}
	return len(known)
}

// canonicalValue is a value as the C tools write it back. What is no value of the
// attribute stays, and so does the value of one that nothing reads.
func canonicalValue(known []string, attribute, value string) string {
	if !slices.Contains(known, attribute) {
		return value
	}
	switch attribute {
	case cluster.AttributeHeartbeatMode:
		return string(readMode(value))
	case cluster.AttributeNumber, cluster.AttributePort, cluster.AttributeNodeCount:
		if n, err := parseNumber(value, math.MaxUint32); err == nil {
			return strconv.FormatUint(n, 10)
		}
	}
	return value
}

// attributeText returns the line of an attribute. An empty value leaves no blank at the end.
func attributeText(indent, name, separator, value string) string {
	if value == "" {
		separator = strings.TrimRight(separator, " \t")
	}
	return indent + name + separator + encode(value) + "\n"
}
