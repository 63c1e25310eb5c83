// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

func parseTOML(text string) (*node, error) {
	if at, deep := (&places{text: text}).tooDeep(); deep {
		return nil, &syntaxError{at, CodeSyntax, fmt.Sprintf("values or keys nested more than %d deep", maxDepth)}
	}
	var root map[string]any
	if _, err := toml.Decode(text, &root); err != nil {
		e := &syntaxError{0, CodeSyntax, "no TOML: " + strconv.QuoteToGraphic(err.Error())}
		var parse toml.ParseError
		if errors.As(err, &parse) {
			e.offset, e.found = min(max(parse.Position.Start, 0), len(text)), "no TOML: "+strconv.QuoteToGraphic(parse.Message)
		}
		return nil, e
	}
	p := &places{text: text, offsets: map[string]int{}, tables: map[string]int{}}
	p.document()
	return p.tree("", root), nil
}

// tree gives the values of the library the places at which they stand.
func (p *places) tree(path string, value any) *node {
	n := &node{offset: p.offsets[path]}
	switch v := value.(type) {
	case map[string]any:
		n.table = map[string]*node{}
		for key, each := range v {
			n.keys = append(n.keys, key)
			n.table[key] = p.tree(path+element(key), each)
		}
		slices.Sort(n.keys)
	case []map[string]any:
		n.list = []*node{}
		for i, each := range v {
			n.list = append(n.list, p.tree(path+index(i), each))
		}
	case []any:
		n.list = []*node{}
		for i, each := range v {
			n.list = append(n.list, p.tree(path+index(i), each))
		}
	default:
		n.value = v
	}
	return n
}

func element(key string) string { return "." + strconv.Quote(key) }
func index(i int) string        { return fmt.Sprintf("[%d]", i) }

// places finds where the keys of a TOML text stand, which the library keeps to
// itself. The text is one that the library took.
type places struct {
	text    string
	at      int
	offsets map[string]int // by path, such as ."clusters"[0]."name"
	tables  map[string]int // how many tables an array of tables has so far
}

// document goes through the lines of the text.
func (p *places) document() {
	base := ""
	for p.blank(); p.at < len(p.text); p.blank() {
		start := p.at
		switch {
		case p.skip("[["):
			keys := p.keys()
			p.skip("]]")
			base = p.arrayTable(keys)
			p.note(base, start)
		case p.skip("["):
			keys := p.keys()
			p.skip("]")
			base = p.resolve(keys)
			p.note(base, start)
		default:
			p.assignment(base)
		}
		if p.at == start {
			return // no TOML after all
		}
	}
}

// tooDeep finds where brackets or the parts of a key are nested too deep: on
// these the library takes time that grows with the cube of the depth. Up to the
// first error of syntax, at which the library stops, it sees what the library sees.
func (p *places) tooDeep() (offset int, deep bool) {
	brackets, parts := 0, 0
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case '"', '\'':
			p.quoted()
			continue
		case '#':
			p.until("\n")
			continue
		case '[', '{':
			brackets++
			parts = 0
		case ']', '}':
			brackets = max(brackets-1, 0)
			parts = 0
		case '=', ',', '\n':
			parts = 0
		case '.':
			parts++
		}
		if brackets > maxDepth || parts > maxDepth {
			return p.at, true
		}
		p.at++
	}
	return 0, false
}

// arrayTable adds a table to an array of tables and returns its path.
func (p *places) arrayTable(keys []string) string {
	last := len(keys) - 1
	path := p.resolve(keys[:last]) + element(keys[last])
	p.tables[path]++
	return path + index(p.tables[path]-1)
}

// resolve returns the path of a table: in an array of tables the last one is meant.
func (p *places) resolve(keys []string) string {
	path := ""
	for _, key := range keys {
		path += element(key)
		if n := p.tables[path]; n > 0 {
			path += index(n - 1)
		}
	}
	return path
}

func (p *places) note(path string, offset int) {
	if _, there := p.offsets[path]; !there {
		p.offsets[path] = offset
	}
}

func (p *places) assignment(base string) {
	start := p.at
	for _, key := range p.keys() {
		base += element(key)
		p.note(base, start)
	}
	p.skip("=")
	p.spaces()
	p.value(base)
}

// value goes past a value.
func (p *places) value(path string) {
	switch {
	case p.skip("["):
		p.items("]", func(i int) {
			p.note(path+index(i), p.at)
			p.value(path + index(i))
		})
	case p.skip("{"):
		p.items("}", func(int) { p.assignment(path) })
	case p.peek(`"`) || p.peek("'"):
		p.quoted()
	default:
		p.until(",]}#\r\n")
	}
}

// items goes past what stands between brackets.
func (p *places) items(end string, item func(int)) {
	for i := 0; ; i++ {
		p.blank()
		start := p.at
		if p.skip(end) {
			return
		}
		item(i)
		p.blank()
		p.skip(",")
		if p.at == start {
			return // no TOML after all
		}
	}
}

// keys goes past a key, which may have parts, and the blanks behind it.
func (p *places) keys() []string {
	var keys []string
	for {
		p.spaces()
		start := p.at
		if p.peek(`"`) || p.peek("'") {
			p.quoted()
		} else {
			p.until(" \t.=]\r\n")
		}
		keys = append(keys, unquote(p.text[start:p.at]))
		p.spaces()
		if !p.skip(".") {
			return keys
		}
	}
}

// unquote returns the key that a word of the text means.
func unquote(word string) string {
	if strings.HasPrefix(word, "'") {
		return strings.Trim(word, "'")
	}
	if key, err := strconv.Unquote(word); err == nil {
		return key
	}
	return word
}

// quoted goes past a text in quotes.
func (p *places) quoted() {
	quote := p.text[p.at : p.at+1]
	end := quote
	if p.peek(strings.Repeat(quote, 3)) {
		end = strings.Repeat(quote, 3)
	}
	for p.at += len(end); p.at < len(p.text); p.at++ {
		if quote == `"` && p.peek(`\`) {
			p.at++
			continue
		}
		if p.skip(end) {
			for len(end) == 3 && p.skip(quote) { // up to two quotes more belong to the text
			}
			return
		}
	}
	p.at = len(p.text)
}

func (p *places) peek(what string) bool { return strings.HasPrefix(p.text[p.at:], what) }

func (p *places) skip(what string) bool {
	if !p.peek(what) {
		return false
	}
	p.at += len(what)
	return true
}

func (p *places) spaces() { p.over(" \t") }

// blank goes past blanks, line ends and comments.
func (p *places) blank() {
	for p.over(" \t\r\n"); p.peek("#"); p.over(" \t\r\n") {
		p.until("\n")
	}
}

func (p *places) over(set string) {
	rest := p.text[p.at:]
	p.at += len(rest) - len(strings.TrimLeft(rest, set))
}

func (p *places) until(set string) {
	if n := strings.IndexAny(p.text[p.at:], set); n >= 0 {
		p.at += n
		return
	}
	p.at = len(p.text)
}
