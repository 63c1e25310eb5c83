// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxAnswers is the size of an answer file in bytes above which it is not read. One
// that answers everything has a tenth of it.
const MaxAnswers = 4 << 10

// answerKeys are the keys of an answer file.
func answerKeys() []string {
	return []string{"enabled", "stack", "cluster", "heartbeat_threshold", "idle_timeout_ms", "keepalive_delay_ms", "reconnect_delay_ms", "fence_method", "node"}
}

// ReadAnswers reads an answer file: TOML, each key at most once and at the top.
//
//	enabled = true
//	cluster = "web"
//	heartbeat_threshold = 61
//
// It never fails: the findings say what is wrong, all of it at once unless the syntax
// is broken: an unknown key, a value of another type, a value that no settings file
// may hold. The answers are what could be read. Whoever acts on them looks at
// Findings.Err first. name stands in the findings and is not opened.
func ReadAnswers(name string, text []byte) (Answers, Findings) {
	r := &answerReader{file: name}
	values, meta := r.parse(string(text))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		r.key(key, values[key], meta)
	}
	slices.SortStableFunc(r.findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.answers, r.findings
}

// answerReader collects answers and what is wrong with them.
type answerReader struct {
	file     string
	answers  Answers
	findings Findings
}

// parse returns the values of a text by key; nil when it is no TOML.
func (r *answerReader) parse(text string) (map[string]toml.Primitive, *toml.MetaData) {
	if len(text) > MaxAnswers {
		r.findings = append(r.findings, fault(CodeFileTooLarge, fmt.Sprintf("a file of more than %d bytes", MaxAnswers),
			"an answer file", "look whether it is one at all").At(r.file, 1, 1))
		return nil, nil
	}
	if strings.Count(text, "[")+strings.Count(text, "{")+strings.Count(text, ".") > maxNested {
		// The library takes time that grows with the cube of the depth.
		r.findings = append(r.findings, fault(CodeAnswerSyntax, "lists or tables", "KEY = VALUE, a line each", "remove them").At(r.file, 1, 1))
		return nil, nil
	}
	var values map[string]toml.Primitive
	meta, err := toml.Decode(text, &values)
	if err == nil {
		return values, &meta
	}
	line, column, message := 1, 1, err.Error()
	if at, ok := errors.AsType[toml.ParseError](err); ok {
		line, column, message = max(at.Position.Line, 1), max(at.Position.Col, 1), at.Message
	}
	r.findings = append(r.findings, fault(CodeAnswerSyntax, "no TOML: "+strconv.QuoteToGraphic(message),
		"KEY = VALUE, a line each", "correct the text here or shortly before").At(r.file, line, column))
	return nil, nil
}

// maxNested is how many brackets and dots an answer file may have, comments included.
const maxNested = 200

// value takes a value as the library has it, and makes the library say where its key stands.
type value struct{ is any }

var errHere = errors.New("here")

func (v *value) UnmarshalTOML(is any) error {
	v.is = is
	return errHere
}

// key reads the value of one key.
func (r *answerReader) key(key string, raw toml.Primitive, meta *toml.MetaData) {
	var v value
	line, column := 1, 1
	if at, ok := errors.AsType[toml.ParseError](meta.PrimitiveDecode(raw, &v)); ok {
		line, column = max(at.Position.Line, 1), max(at.Position.Col, 1)
	}
	wanted := ""
	switch key {
	case "enabled":
		wanted = take(&r.answers.Enabled, v.is, "true or false")
	case "stack":
		wanted = take(&r.answers.Stack, v.is, "a text")
	case "cluster":
		wanted = take(&r.answers.Cluster, v.is, "a text")
	case "heartbeat_threshold":
		wanted = take(&r.answers.HeartbeatThreshold, v.is, "a whole number")
	case "idle_timeout_ms":
		wanted = take(&r.answers.IdleTimeoutMS, v.is, "a whole number")
	case "keepalive_delay_ms":
		wanted = take(&r.answers.KeepaliveDelayMS, v.is, "a whole number")
	case "reconnect_delay_ms":
		wanted = take(&r.answers.ReconnectDelayMS, v.is, "a whole number")
	case "fence_method":
		wanted = take(&r.answers.FenceMethod, v.is, "a text")
	case "node":
		wanted = take(&r.answers.Node, v.is, "a text")
	default:
		r.findings = append(r.findings, fault(CodeUnknownKey, fmt.Sprintf("a key %q", excerpt(key)),
			"one of "+strings.Join(answerKeys(), ", "), "correct or remove it").At(r.file, line, column))
		return
	}
	if wanted != "" {
		r.findings = append(r.findings, fault(CodeType, fmt.Sprintf("%s that is %s", key, kindOf(v.is)), wanted, "correct the value").At(r.file, line, column))
		return
	}
	r.check(key, line, column)
}

// take puts a value of the right type into an answer, or returns what is wanted.
func take[T any](to **T, is any, wanted string) string {
	v, ok := is.(T)
	if !ok {
		return wanted
	}
	*to = &v
	return ""
}

// kindOf names the type of a value, for people.
func kindOf(is any) string {
	switch is.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a fraction"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	}
	return "a date or a time"
}

// check reports an answer that no settings file may hold: the last one that was read.
func (r *answerReader) check(key string, line, column int) {
	for _, c := range r.answers.Changes() {
		if keyOf(c.Variable) != key {
			continue
		}
		if refused, ok := errors.AsType[*ChangeError](c.Check()); ok {
			r.findings = append(r.findings, fault(CodeAnswer, refused.Found, refused.Expected, refused.Mend).At(r.file, line, column))
		}
	}
}

// keyOf returns the key of a variable: idle_timeout_ms for O2CB_IDLE_TIMEOUT_MS.
func keyOf(variable string) string {
	if variable == BootCluster {
		return "cluster"
	}
	return strings.ToLower(strings.TrimPrefix(variable, "O2CB_"))
}
