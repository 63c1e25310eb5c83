// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
)

// maxAnswers is the size of a file of answers in bytes above which it is not read. One
// that answers everything has a twentieth of it; the library takes its time for what
// is nested deep.
const maxAnswers = 4 << 10

// readAnswers reads a file of answers: TOML, one key a setting, and no other.
func readAnswers(name string, stdin io.Reader) (given, error) {
	in, err := openAnswers(name, stdin)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(io.LimitReader(in, maxAnswers+1))
	if err != nil {
		return nil, fmt.Errorf("read answers %s: %w", name, err)
	}
	if len(text) > maxAnswers {
		return nil, fmt.Errorf("read answers %s: more than %d bytes: is it a file of answers?", name, maxAnswers)
	}
	return parseAnswers(name, string(text))
}

// parseAnswers reads the text of a file of answers. What is wrong is a
// *cluster.InvalidError with all of it.
func parseAnswers(name, text string) (given, error) {
	var root map[string]any
	if _, err := toml.Decode(text, &root); err != nil {
		line, column, message := 1, 1, err.Error()
		if e, ok := errors.AsType[toml.ParseError](err); ok {
			line, column, message = e.Position.Line, e.Position.Col, e.Message
		}
		return nil, &cluster.InvalidError{Findings: cluster.Findings{wrongAnswer("syntax",
			"no TOML: "+strconv.QuoteToGraphic(message), "lines like: cluster = \"web\"", "correct the text here or shortly before").At(name, max(line, 1), max(column, 1))}}
	}
	all := given{}
	var findings cluster.Findings
	for key, value := range root {
		v, wrong := all.take(key, value)
		if wrong {
			line, column := keyPosition(text, key)
			findings = append(findings, v.At(name, line, column))
		}
	}
	slices.SortFunc(findings, func(a, b cluster.Finding) int { return a.Line - b.Line })
	if err := findings.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// refuseAnswers prints what is wrong with a file of answers.
func refuseAnswers(w io.Writer, err error) error {
	if e, ok := errors.AsType[*cluster.InvalidError](err); ok {
		return explain(w, err, "file of answers", e.Findings, false)
	}
	return err
}

// take takes one key and its value.
func (g given) take(key string, value any) (v cluster.Violation, wrong bool) {
	var keys []string
	for _, a := range bootAnswers() {
		keys = append(keys, a.key)
		if a.key != key {
			continue
		}
		text, kind := "", "a text in quotes"
		var ok bool
		switch a.variable {
		case file.Enabled:
			var is bool
			is, ok = value.(bool)
			text, kind = strconv.FormatBool(is), "true or false"
		case file.HeartbeatThreshold, file.IdleTimeoutMS, file.KeepaliveDelayMS, file.ReconnectDelayMS:
			var n int64
			n, ok = value.(int64)
			text, kind = strconv.FormatInt(n, 10), "a number"
		default:
			text, ok = value.(string)
		}
		if !ok {
			return wrongAnswer("type", fmt.Sprintf("%s is %v", key, visible(fmt.Sprint(value))), kind, "correct it"), true
		}
		g[a.variable] = text
		return v, false
	}
	return wrongAnswer("unknown-key", fmt.Sprintf("key %q", key), "one of "+strings.Join(keys, ", "), "correct or remove it"), true
}

func wrongAnswer(code cluster.Code, found, expected, mend string) cluster.Violation {
	return cluster.Violation{Code: code, Severity: cluster.SeverityError, Found: found, Expected: expected, Mend: mend}
}

// keyPosition returns where a key of the top level stands, which the library keeps to
// itself: the first line that starts with it, bare, in quotes, or as a table.
func keyPosition(text, key string) (line, column int) {
	number := 0
	for each := range strings.Lines(text) {
		number++
		bare := strings.TrimLeft(each, " \t")
		name := strings.TrimLeft(bare, "[ \t\"'")
		if rest, found := strings.CutPrefix(name, key); found && strings.ContainsAny(rest[:min(1, len(rest))], " \t=\"'.]") {
			return number, len(each) - len(bare) + 1
		}
	}
	return 1, 1
}
