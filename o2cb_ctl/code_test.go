// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// libraryErrors returns the exported errors of the libraries, as package.Name:
// the types with a method Error, and the variables that are called Err….
func libraryErrors(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, root := range []string{"../libo2cb", "../libo2dlm"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, name := range declaredErrors(tree) {
				found = append(found, tree.Name.Name+"."+name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 50 {
		t.Fatalf("only %d errors: are these the libraries?", len(found))
	}
	return found
}

func declaredErrors(tree *ast.File) []string {
	var names []string
	for _, decl := range tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil && d.Name.Name == "Error" {
				receiver := d.Recv.List[0].Type
				if star, ok := receiver.(*ast.StarExpr); ok {
					receiver = star.X
				}
				names = append(names, receiver.(*ast.Ident).Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR && strings.HasPrefix(v.Names[0].Name, "Err") {
					names = append(names, v.Names[0].Name)
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(name) })
}

// TestEveryErrorHasACode holds the table of codes against the libraries, in both directions.
func TestEveryErrorHasACode(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range codes() {
		known[rule.of] = true
	}
	for _, name := range libraryErrors(t) {
		if !known[name] {
			t.Errorf("%s has no code: add a rule to codes", name)
		}
		delete(known, name)
	}
	delete(known, "") // rules for what is no library's
	delete(known, "syscall.Errno")
	for name := range known {
		t.Errorf("the table of codes has %s, which no library has", name)
	}
}

func TestCodesAreWellFormed(t *testing.T) {
	form := regexp.MustCompile(`^E_[A-Z]+(_[A-Z]+)*$`)
	for _, rule := range codes() {
		if !form.MatchString(rule.code) || rule.meaning == "" || strings.ContainsAny(rule.meaning, "|\n") {
			t.Errorf("malformed rule: %+v", rule)
		}
	}
}

func TestCodeOf(t *testing.T) {
	refused := &configfs.Error{Op: "write", Path: "/c/web/node/a/local", Value: "1", Err: unix.EBUSY}
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("x"), "E_FAILED"},
		{statusError{4, fmt.Errorf("x: %w", context.Canceled)}, "E_CANCELLED"},
		{refused, "E_KERNEL"},
		{fmt.Errorf("online: %w", &plan.ApplyError{Err: refused}), "E_STEP_FAILED"},
		{&plan.ApplyError{Err: &configfs.Error{Err: unix.EACCES}}, "E_PERMISSION"},
		{&plan.ApplyError{Err: &configfs.Error{Err: configfs.ErrIgnored}}, "E_IGNORED"},
		{&conf.Error{Err: conf.ErrChanged}, "E_FILE_CHANGED"},
		{&conf.Error{Err: unix.EISDIR}, "E_FILE"},
		{explained{"x", &conf.InvalidError{Findings: make(conf.Findings, 1)}}, "E_INVALID_CONFIG"},
		{invalidDefinition{&cluster.InvalidError{Findings: make(cluster.Findings, 1)}}, "E_INVALID_DEFINITION"},
		{&cluster.LocalNodeError{Err: cluster.ErrTwoLocalNodes}, "E_TWO_LOCAL_NODES"},
		{&libo2cb.InUseError{}, "E_IN_USE"},
		{&fs.PathError{Err: unix.ENOENT}, "E_NO_SUCH_FILE"},
		{unix.EIO, "E_SYSTEM"},
		{usageError{errors.New("x")}, "E_USAGE"},
	} {
		if got := codeOf(test.err); got != test.want {
			t.Errorf("%#v: %s, want %s", test.err, got, test.want)
		}
	}
}

func TestErrorReport(t *testing.T) {
	err := fmt.Errorf("online: %w", &plan.ApplyError{Err: &configfs.Error{Op: "write", Path: "/c/web/node/a/local", Value: "1", Err: unix.EBUSY}})
	got, failed := json.Marshal(newErrorReport(err))
	if failed != nil {
		t.Fatal(failed)
	}
	var back errorReport
	if failed := json.Unmarshal(got, &back); failed != nil {
		t.Fatal(failed)
	}
	want := errorDetail{Code: "E_STEP_FAILED", Message: err.Error(), Op: "write", Path: "/c/web/node/a/local", Value: "1", Errno: "EBUSY"}
	if fmt.Sprint(back.Error) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", back.Error, want)
	}
}

const errorsPage = "../docs/schema/errors.md"

// TestErrorsPage holds the page about the codes against the table. With
// UPDATE_SCHEMA=1 it writes the page.
func TestErrorsPage(t *testing.T) {
	want := errorsText()
	if os.Getenv("UPDATE_SCHEMA") != "" {
		if err := os.WriteFile(errorsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table of codes says: UPDATE_SCHEMA=1 go test ./o2cb_ctl -run TestErrorsPage", errorsPage)
	}
}

// errorsText writes the page: a row for each code, in alphabetical order.
func errorsText() string {
	type row struct{ meanings, of []string }
	rows := map[string]*row{}
	for _, rule := range codes() {
		r := rows[rule.code]
		if r == nil {
			r = &row{}
			rows[rule.code] = r
		}
		if !slices.Contains(r.meanings, rule.meaning) {
			r.meanings = append(r.meanings, rule.meaning)
		}
		if rule.of != "" && rule.of != "syscall.Errno" {
			r.of = append(r.of, "`"+rule.of+"`")
		}
	}
	names := make([]string, 0, len(rows))
	for code := range rows {
		names = append(names, code)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, errorsHead, exampleReport())
	for _, code := range names {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", code, strings.Join(rows[code].meanings, "; "), strings.Join(rows[code].of, ", "))
	}
	fmt.Fprintf(&b, "| `%s` | anything else; the message says what | |\n", codeFailed)
	return b.String()
}

// exampleReport is a report as it is printed, as a block of Markdown.
func exampleReport() string {
	err := &configfs.Error{Op: "write", Path: "/sys/kernel/config/cluster/web/node/alpha/local", Value: "1", Err: unix.EBUSY}
	var out strings.Builder
	if err := printJSON(&out, newErrorReport(err)); err != nil {
		return err.Error()
	}
	return "    " + strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "\n", "\n    ") + "\n"
}

const errorsHead = "<!-- Made from the table in o2cb_ctl/code.go: UPDATE_SCHEMA=1 go test ./o2cb_ctl -run TestErrorsPage -->\n" + `
# Machine codes

A verb of o2cb_ctl that was given ` + "`--json`" + ` and fails prints a document of this form on standard output
([error.schema.json](error.schema.json)), and the message as one line on standard error; the exit status is that of
the verb without ` + "`--json`" + `. It stands on standard output so that who parses the output of a verb gets a document whatever
happens. Where a verb had done something before it failed, ` + "`" + `done` + "`" + ` is the document that it prints when it succeeds, of that much. In text mode ` + "`--verbose`" + ` puts the code behind the message.

%s
` + "`op`, `path`, `value`, `errno`, `findings` and `done`" + ` are there when they are known. Codes do not change from release to release; new ones
are added. The message may change.

| code | meaning | error of the libraries |
|---|---|---|
`
