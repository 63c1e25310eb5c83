// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// stanza is a head with its attributes. It owns the lines lead to end: the
// comments directly above the head, the head, the attributes, the comments
// between them and those behind the last one.
type stanza struct {
	kind       string
	lead       int // index into the lines of the first comment above the head
	head       int
	attributes []int // indices of the attribute lines, in order
	end        int   // after the last line

	// counts has the index of the line that counts for each attribute: its last
	// one. A look at all lines each time would make a long stanza slow.
	counts map[string]int
}

// tree is the syntax tree of a file. Printing its lines gives the text.
type tree struct {
	text    string
	lines   []line
	stanzas []*stanza
}

// treeBuilder groups lines into stanzas.
type treeBuilder struct {
	tree
	open     *stanza // may take attributes
	last     *stanza // the latest one, open or not
	comments int     // index of the first of the comments that have no owner yet; -1 without any
	outside  bool    // an attribute outside a stanza was reported since the last head
	scanner  *cScanner
}

// build groups lines into stanzas. An attribute after a blank line is an error
// to the C parser; it is taken as one of the stanza above, which it was meant for.
func build(name, text string, lines []line) (tree, Findings) {
	b := &treeBuilder{tree: tree{text: text, lines: lines}, comments: -1, scanner: &cScanner{name: name, text: text}}
	for i := range b.lines {
		b.add(i)
	}
	b.closeComments(len(b.lines))
	return b.tree, b.scanner.findings
}

func (b *treeBuilder) add(i int) {
	switch l := &b.lines[i]; l.kind {
	case commentLine:
		if b.comments < 0 {
			b.comments = i
		}
	case blankLines, tailLine:
		b.closeComments(i)
		b.open = nil
	case headLine:
		b.addHead(i)
	case attributeLine:
		b.addAttribute(i, l)
	case brokenLine:
		b.comments = -1
		if b.open != nil {
			b.open.end = i + 1
		}
	}
}

// closeComments gives comments without a head below them to the stanza above, if it is still open.
func (b *treeBuilder) closeComments(i int) {
	if b.comments >= 0 && b.open != nil {
		b.open.end = i
	}
	b.comments = -1
}

func (b *treeBuilder) addHead(i int) {
	lead := i
	if b.comments >= 0 {
		lead = b.comments
	}
	s := &stanza{kind: b.word(i), lead: lead, head: i, end: i + 1, counts: map[string]int{}}
	b.stanzas = append(b.stanzas, s)
	b.open, b.last, b.comments, b.outside = s, s, -1, false
}

func (b *treeBuilder) addAttribute(i int, l *line) {
	if b.open == nil && !b.outside {
		b.outside = true
		mend := "put a head such as node: above it"
		if b.last != nil {
			mend = "remove the blank line above it: a blank line ends a stanza"
		}
		b.scanner.report(l, l.wordStart, CodeSyntaxOutside, "the attribute "+excerpt(b.word(i))+" outside a stanza", "the head of a stanza first", mend)
	}
	if b.last == nil {
		return
	}
	b.last.attributes = append(b.last.attributes, i)
	b.last.counts[b.word(i)] = i
	b.last.end = i + 1
	b.comments = -1
}

// word returns the name of a stanza or an attribute.
func (t *tree) word(i int) string { return t.text[t.lines[i].wordStart:t.lines[i].wordEnd] }

// value returns what a reader of an attribute gets.
func (t *tree) value(i int) string {
	l := t.lines[i]
	return decode(t.text[l.valueStart:l.valueEnd], l.valueEnd == l.end)
}

// attribute returns the index of the line that gives an attribute its value: the
// last one of that name; -1 when there is none.
func (t *tree) attribute(s *stanza, name string) int {
	if i, there := s.counts[name]; there {
		return i
	}
	return -1
}

// attributeValue returns an attribute's value, and whether it is there.
func (t *tree) attributeValue(s *stanza, name string) (string, bool) {
	if i := t.attribute(s, name); i >= 0 {
		return t.value(i), true
	}
	return "", false
}

// member tells whether a stanza is of the kind and belongs to the cluster.
func (t *tree) member(s *stanza, kind cluster.Kind, of string) bool {
	name, there := t.attributeValue(s, cluster.AttributeCluster)
	return s.kind == string(kind) && there && name == of
}

// attributeNames returns the attributes that a kind of stanza can have, in the
// order in which the C tools write them (an accident of a hash table, but what
// makes files comparable); none for a kind that nothing reads.
func attributeNames(kind string) []string {
	switch cluster.Kind(kind) {
	case cluster.KindCluster:
		return []string{cluster.AttributeName, cluster.AttributeHeartbeatMode, cluster.AttributeNodeCount}
	case cluster.KindHeartbeat:
		return []string{cluster.AttributeCluster, cluster.AttributeRegion}
	case cluster.KindNode:
		return []string{cluster.AttributeCluster, cluster.AttributeNumber, cluster.AttributePort, cluster.AttributeAddress, cluster.AttributeName}
	}
	return nil
}

// stanzaNames returns the kinds of stanzas in the order in which the C tools write them.
func stanzaNames() []string {
	return []string{string(cluster.KindCluster), string(cluster.KindHeartbeat), string(cluster.KindNode)}
}
