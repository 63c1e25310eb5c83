// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

const schemaFolder = "../docs/schema"

// outputs are the JSON outputs by the verbs that print them, each as the type
// that it is printed from.
func outputs() map[string]struct {
	title string
	value any
} {
	return map[string]struct {
		title string
		value any
	}{
		"check":            {"check --json: the findings about a cluster.conf", checkReport{}},
		"load":             {"load --json: what was done, in order", []stack.Action{}},
		"unload":           {"unload --json: what was done", forcedUnload{}},
		"online":           {"online, apply and undo --json: what was done", libo2cb.Report{}},
		"offline":          {"offline --json: what was done", forcedOffline{}},
		"plan":             {"plan --json: what apply would do", libo2cb.Preview{}},
		"status":           {"status --json: what runs", libo2cb.Status{}},
		"heartbeat":        {"heartbeat status --json: the running regions and their users", []libo2cb.Heartbeat{}},
		"heartbeat-change": {"heartbeat start and stop --all --json: what was done", libo2cb.RegionsReport{}},
		"volume":           {"volume --json: the OCFS2 volumes", []volumeReport{}},
		"export":           {"export --json: a cluster definition, which import reads", definition.Document{}},
		"import":           {"import --json: what was done", importReport{}},
		"configure":        {"configure --json: what was changed in the settings file", configureReport{}},
		"locks":            {"locks --json: who holds and who waits for locks on this node", libo2cb.LockReport{}},
		"lock-bench":       {"lock-bench --json: what a lock costs on this node", benchReport{}},
		"error":            {"a verb with --json that failed; see errors.md", errorReport{}},
	}
}

// TestSchemas holds docs/schema against the types that are printed. With
// UPDATE_SCHEMA=1 it writes the schemas.
func TestSchemas(t *testing.T) {
	comments := fieldComments(t)
	var names []string
	for name, output := range outputs() {
		names = append(names, name+".schema.json")
		want := schemaText(t, name, output.title, output.value, comments)
		path := filepath.Join(schemaFolder, name+".schema.json")
		if os.Getenv("UPDATE_SCHEMA") != "" {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program prints: UPDATE_SCHEMA=1 go test ./o2cb_ctl -run TestSchemas", path)
		}
	}
	files, err := filepath.Glob(filepath.Join(schemaFolder, "*.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !slices.Contains(names, filepath.Base(path)) {
			t.Errorf("%s is of no output", path)
		}
	}
}

func schemaText(t *testing.T, name, title string, value any, comments map[string]string) []byte {
	t.Helper()
	g := &generator{t: t, comments: comments, definitions: map[string]any{}}
	root := g.schema(reflect.TypeOf(value))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/o2cb-go/o2cb/docs/schema/" + name + ".schema.json"
	root["title"] = "o2cb_ctl " + title
	if len(g.definitions) > 0 {
		root["$defs"] = g.definitions
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fieldComments returns what the sources say about the fields of structs, by
// package.Type.Field.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, root := range []string{"../libo2cb", "."} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range tree.Decls {
				if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
					addComments(comments, tree.Name.Name, d)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return comments
}

func addComments(comments map[string]string, pkg string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		named := spec.(*ast.TypeSpec)
		of, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range of.Fields.List {
			text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
			for _, name := range field.Names {
				comments[pkg+"."+named.Name.Name+"."+name.Name] = text
			}
		}
	}
}

// generator makes schemas of types as package json prints them.
type generator struct {
	t           *testing.T
	comments    map[string]string
	definitions map[string]any
}

// enumeration returns the values of types that are one of a few words.
func enumeration(of reflect.Type) []string {
	switch of {
	case reflect.TypeFor[cluster.Severity]():
		return []string{string(cluster.SeverityError), string(cluster.SeverityWarning)}
	case reflect.TypeFor[cluster.HeartbeatMode]():
		return []string{string(cluster.LocalHeartbeat), string(cluster.GlobalHeartbeat)}
	case reflect.TypeFor[libo2cb.LockLevel]():
		return []string{string(libo2cb.SharedLock), string(libo2cb.ExclusiveLock)}
	case reflect.TypeFor[plan.Label]():
		return []string{string(plan.Live), string(plan.NeedsOffline)}
	}
	return nil
}

// schema returns the schema of a type.
func (g *generator) schema(of reflect.Type) map[string]any {
	switch of {
	case reflect.TypeFor[netip.Addr]():
		return map[string]any{"type": "string", "description": "an IP address; empty when there is none"}
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[cluster.Timing]():
		return g.schema(reflect.TypeFor[definition.Timing]())
	}
	if of.Implements(reflect.TypeFor[json.Marshaler]()) {
		g.t.Fatalf("%v prints itself: say here how", of)
	}
	if w := enumeration(of); w != nil {
		return map[string]any{"type": "string", "enum": w}
	}
	switch of.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64, reflect.Uint32:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{g.schema(of.Elem()), map[string]any{"type": "null"}}}
	case reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": g.schema(of.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.schema(of.Elem())}
	case reflect.Struct:
		return g.reference(of)
	case reflect.Interface:
		return map[string]any{} // anything; its comment says what
	}
	g.t.Fatalf("%v: no schema for a %v", of, of.Kind())
	return nil
}

// reference returns a reference to the definition of a struct, which it makes when it is the first.
func (g *generator) reference(of reflect.Type) map[string]any {
	name := of.String()
	if g.definitions[name] == nil {
		g.definitions[name] = true // a type may hold itself
		properties, required := map[string]any{}, []string{}
		g.fields(of, properties, &required)
		g.definitions[name] = map[string]any{"type": "object", "properties": properties, "required": required}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (g *generator) fields(of reflect.Type, properties map[string]any, required *[]string) {
	for field := range of.Fields() {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && tag == "":
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			g.fields(embedded, properties, required)
			continue
		case !field.IsExported() || tag == "-":
			continue
		case tag == "":
			g.t.Fatalf("%v.%s has no name in JSON", of, field.Name)
		}
		optional := strings.Contains(options, "omit")
		kind := field.Type
		if optional && kind.Kind() == reflect.Pointer {
			kind = kind.Elem() // left out rather than null
		}
		s := g.schema(kind)
		if optional && kind.Kind() == reflect.Slice {
			s["type"] = "array"
		}
		if text := g.comments[of.String()+"."+field.Name]; text != "" {
			s["description"] = text
		}
		properties[tag] = s
		if !optional {
			*required = append(*required, tag)
		}
	}
}
