// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxDepth bounds how deep values are nested; a definition needs five levels.
const maxDepth = 32

// jsonReader reads a JSON text into a tree with places, which package json does
// not keep.
type jsonReader struct {
	*json.Decoder
	text string
}

func parseJSON(text string) (*node, error) {
	r := &jsonReader{json.NewDecoder(strings.NewReader(text)), text}
	r.UseNumber()
	root, err := r.value(maxDepth)
	if err != nil {
		return nil, err
	}
	rest := r.next()
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntaxError{rest, CodeSyntax, "something behind the end of the definition"}
	}
	return root, nil
}

// next returns where the next token starts.
func (r *jsonReader) next() int {
	offset := int(r.InputOffset())
	rest := r.text[offset:]
	return offset + len(rest) - len(strings.TrimLeft(rest, " \t\r\n,:"))
}

// token reads one token.
func (r *jsonReader) token() (json.Token, error) {
	at := r.next()
	token, err := r.Token()
	if err == nil {
		return token, nil
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = max(at, int(syntax.Offset)-1)
	}
	return nil, &syntaxError{at, CodeSyntax, "no JSON: " + oneLine(err)}
}

// oneLine returns the cause in one line.
func oneLine(err error) string {
	if errors.Is(err, io.EOF) {
		return "the text ends too early"
	}
	return strconv.QuoteToGraphic(err.Error())
}

func (r *jsonReader) value(depth int) (*node, error) {
	n := &node{offset: r.next()}
	if depth == 0 {
		return nil, &syntaxError{n.offset, CodeSyntax, fmt.Sprintf("values nested more than %d deep", maxDepth)}
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return n, r.object(n, depth)
		}
		return n, r.array(n, depth)
	case json.Number:
		n.value = t
		if whole, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			n.value = whole
		}
	default:
		n.value = t
	}
	return n, nil
}

func (r *jsonReader) object(n *node, depth int) error {
	n.table = map[string]*node{}
	for r.More() {
		at := r.next()
		token, err := r.token()
		if err != nil {
			return err
		}
		key := token.(string) // Token allows no other key
		v, err := r.value(depth - 1)
		if err != nil {
			return err
		}
		v.offset = at
		if n.table[key] != nil {
			return &syntaxError{at, CodeRepeatedKey, fmt.Sprintf("the key %q once more in one object", excerpt(key))}
		}
		n.table[key] = v
		n.keys = append(n.keys, key)
	}
	_, err := r.token()
	return err
}

func (r *jsonReader) array(n *node, depth int) error {
	n.list = []*node{}
	for r.More() {
		v, err := r.value(depth - 1)
		if err != nil {
			return err
		}
		n.list = append(n.list, v)
	}
	_, err := r.token()
	return err
}
