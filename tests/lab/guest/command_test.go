// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMergeEnv(t *testing.T) {
	got := mergeEnv([]string{"A=1", "B=2"}, []string{"C=3", "A=4", "C=5"})
	if want := []string{"A=4", "B=2", "C=5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lookup(got, "C"); got != "5" {
		t.Errorf("C is %q, want 5", got)
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "text": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"PATH=/nowhere:" + dir}
	for name, want := range map[string]string{
		"tool":  filepath.Join(dir, "tool"),
		"a/b":   "a/b",
		"text":  "",
		"other": "",
	} {
		got, err := lookPath(name, "/", env)
		if got != want || (want == "") != errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %q and error %v, want %q", name, got, err, want)
		}
	}
}
