// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// library is where the library lies, seen from this package's folder.
const library = "../../libo2dlm"

// fault is a mistake in the library: one piece of a file is replaced.
type fault struct {
	name     string
	file     string
	old, new string
}

// none is the library as it is.
var none = fault{name: "worker"}

// build builds the worker with the library that has the fault, and returns its
// path. The library's own files stay as they are: the compiler gets one of
// them from elsewhere.
func build(tb lab.TB, f fault) string {
	tb.Helper()
	dir := tb.TempDir()
	program := filepath.Join(dir, strings.ReplaceAll(f.name, " ", "-"))
	args := []string{"build", "-buildvcs=false", "-o", program}
	if f.file != "" {
		args = append(args, "-overlay", f.overlay(tb, dir))
	}
	cmd := exec.Command("go", append(args, "./worker")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return program
}

// overlay writes the file with the fault, and what tells the compiler.
func (f fault) overlay(tb lab.TB, dir string) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join(library, f.file))
	if err != nil {
		tb.Fatalf("%v", err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	if n := strings.Count(string(source), f.old); n != 1 {
		tb.Fatalf("%s has %q %d times, want it once: adapt the fault %q", f.file, f.old, n, f.name)
	}
	broken := filepath.Join(dir, f.file)
	text := strings.Replace(string(source), f.old, f.new, 1)
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		tb.Fatalf("%v", err)
	}
	list := filepath.Join(dir, "overlay.json")
	for name, data := range map[string][]byte{broken: []byte(text), list: overlay} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			tb.Fatalf("%v", err)
		}
	}
	return list
}
