// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module  = "github.com/o2cb-go/o2cb"
	licence = "// SPDX-License-Identifier: Apache-2.0\n\n"
)

// root is the repository's root, seen from this package's folder.
const root = "../.."

// goFiles lists the Go files of the repository, by path from its root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".go" {
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d Go files below %s: is it the repository's root?", len(files), root)
	}
	return files
}

func parse(t *testing.T, file string, mode parser.Mode) *ast.File {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, mode)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// forbidden says which package must not import which, and why.
var forbidden = []struct{ from, to, why string }{
	{"libo2cb/cluster", module, "the model stands below everything and imports nothing of ours"},
	{"libo2dlm", module + "/libo2cb", "a program that only locks must not carry the control plane"},
	{"libo2dlm", "github.com/sirupsen/logrus", "the lock library does not log"},
	{"libo2cb", module + "/o2cb_ctl", "arrows run downwards: the command calls the libraries"},
	{"libo2cb", module + "/libo2dlm", "the control plane needs no locks of the library"},
	{"libo2cb", "github.com/spf13/", "commands and flags belong to o2cb_ctl"},
	{"libo2cb/plan", module + "/libo2cb/conf", "plan knows steps and order, not files"},
	{"libo2cb/conf", module + "/libo2cb/configfs", "text and kernel meet in the model only"},
	{"libo2cb/configfs", module + "/libo2cb/conf", "text and kernel meet in the model only"},
	{"libo2cb/configfs", module + "/libo2cb/plan", "configfs knows files, not order"},
	{"libo2cb/volume", module + "/libo2cb/configfs", "a volume is read from the disk, not from the kernel"},
	{"libo2cb/safefile", module, "it replaces files and knows nothing of what they mean"},
	{"libo2cb/settings", module + "/libo2cb/conf", "two kinds of text meet in the model only"},
	{"libo2cb/settings", module + "/libo2cb/definition", "two kinds of text meet in the model only"},
	{"libo2cb/definition", module + "/libo2cb/conf", "two kinds of text meet in the model only"},
	{"libo2cb/definition", module + "/libo2cb/settings", "two kinds of text meet in the model only"},
	{"", "testing/", "only tests test"},
	{"", module + "/tests", "what only tests need never reaches a user of the libraries"},
}

func TestForbiddenImports(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "tests/") {
			continue
		}
		for _, spec := range parse(t, file, parser.ImportsOnly).Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range forbidden {
				if strings.HasPrefix(file, rule.from) && strings.HasPrefix(path, rule.to) {
					t.Errorf("%s imports %s: %s", file, path, rule.why)
				}
			}
		}
	}
}

func TestLicenceHeader(t *testing.T) {
	for _, file := range goFiles(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte(licence)) && !bytes.HasPrefix(text, []byte("//go:build")) {
			t.Errorf("%s does not start with the licence line and an empty line", file)
		}
	}
}

func TestOnePackageComment(t *testing.T) {
	comments := make(map[string][]string)
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		dir := filepath.Dir(file)
		if _, seen := comments[dir]; !seen {
			comments[dir] = nil
		}
		if parse(t, file, parser.ParseComments|parser.PackageClauseOnly).Doc != nil {
			comments[dir] = append(comments[dir], file)
		}
	}
	for dir, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments, want one: %v", dir, len(files), files)
		}
	}
}

// TestNoPathOfOneMachine keeps the places where somebody happened to work out of the tree.
func TestNoPathOfOneMachine(t *testing.T) {
	home, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range goFiles(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(home+"/")) {
			t.Errorf("%s names %s, the folder of this very checkout", file, home)
		}
	}
}
