// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTable makes sure that the table of the package's documentation has every
// fault, and names tests that there are.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	const last = 19
	fault := 0
	tests := map[int]int{}
	heading := regexp.MustCompile(`^//\tF(\d+) `)
	named := regexp.MustCompile(`^//\t +([\w/]+)\.((?:Test|Fuzz)\w+)$`)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := heading.FindStringSubmatch(line); m != nil {
			fault++
			if m[1] != fmt.Sprint(fault) {
				t.Fatalf("F%d is missing before %s", fault, line)
			}
			continue
		}
		if m := named.FindStringSubmatch(line); m != nil {
			tests[fault]++
			if !has(t, m[1], m[2]) {
				t.Errorf("F%d: there is no %s in %s", fault, m[2], m[1])
			}
			continue
		}
		if strings.HasPrefix(line, "//\t") {
			t.Errorf("neither a fault nor a test: %q", line)
		}
	}
	for f := 1; f <= last; f++ {
		if tests[f] == 0 {
			t.Errorf("F%d has no test", f)
		}
	}
}

// has tells whether a package, by its path in the repository, has a test.
func has(t testing.TB, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
