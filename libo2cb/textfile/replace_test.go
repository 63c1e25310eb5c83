// SPDX-License-Identifier: Apache-2.0

package textfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// edit replaces the file at path by what change makes of its text.
func edit(t *testing.T, path string, change func(was Snapshot) string) error {
	t.Helper()
	target, err := Resolve(path)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := Acquire(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	was, err := Read(target, 100)
	if err != nil {
		t.Fatal(err)
	}
	return lock.Replace(was, change(was))
}

func want(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%s: %q, %v; want %q", path, got, err, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != mode {
		t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, mode)
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	if err := edit(t, path, func(was Snapshot) string {
		if was.There || was.Text != "" {
			t.Errorf("a missing file reads as %+v", was)
		}
		return "one"
	}); err != nil {
		t.Fatal(err)
	}
	want(t, path, "one", 0o644)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(path, "user.note", []byte("kept"), 0); err != nil {
		t.Fatalf("this file system has no extended attributes, set TMPDIR to one that has: %v", err)
	}
	if err := edit(t, path, func(was Snapshot) string { return was.Text + " two" }); err != nil {
		t.Fatal(err)
	}
	want(t, path, "one two", 0o640)
	note := make([]byte, 8)
	if n, err := unix.Getxattr(path, "user.note", note); err != nil || string(note[:n]) != "kept" {
		t.Errorf("the attribute: %q, %v", note[:max(n, 0)], err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the file and its lock: %v, %v", entries, err)
	}
}

func TestReplaceRefusesAChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, before := range []bool{false, true} {
		if before {
			if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := edit(t, path, func(Snapshot) string {
			if err := os.WriteFile(path, []byte("theirs"), 0o644); err != nil {
				t.Fatal(err)
			}
			return "ours"
		})
		var typed *Error
		if !errors.Is(err, ErrChanged) || !errors.As(err, &typed) || typed.Path != path || typed.Mend == "" {
			t.Errorf("there before: %v: %v", before, err)
		}
		want(t, path, "theirs", 0o644)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// A file beyond the limit, of which only the beginning was read, must not be cut to that.
func TestReplaceRefusesALargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	large := strings.Repeat("x", 200)
	if err := os.WriteFile(path, []byte(large), 0o644); err != nil {
		t.Fatal(err)
	}
	err := edit(t, path, func(was Snapshot) string {
		if len(was.Text) != 101 {
			t.Errorf("%d bytes were read, want one more than allowed", len(was.Text))
		}
		return "short"
	})
	if err == nil {
		t.Error("it was replaced")
	}
	want(t, path, large, 0o644)
}
