// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// writeFile makes a file of the mode, whatever the umask.
func writeFile(t testing.TB, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t testing.TB, path, want string, mode fs.FileMode) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != want {
		t.Errorf("%s: %q, %v, want %q", path, text, err, want)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode() != mode {
		t.Errorf("%s: mode %v, %v, want %v", path, info.Mode(), err, mode)
	}
}

// wantFiles checks which files a directory has.
func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s has %v, want %v", dir, got, want)
	}
}

func addTwo(f *File) error { return f.AddCluster("two") }

const webAndTwo = web + "\ncluster:\n\tname = two\n\tnode_count = 0\n\theartbeat_mode = local\n"

func TestEditSaves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.conf")
	writeFile(t, path, web, 0o640)
	if err := Edit(t.Context(), path, addTwo); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, webAndTwo, 0o640)
	wantFiles(t, dir, ".cluster.conf.lock", "cluster.conf")
}

func TestEditMakesFileAndDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ocfs2")
	defer syscall.Umask(syscall.Umask(0o777))
	path := filepath.Join(dir, "cluster.conf")
	if err := Edit(t.Context(), path, func(f *File) error { return f.AddCluster("web") }); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 0\n\n", 0o644)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the directory: %v, %v", info.Mode(), err)
	}
	if err := Edit(t.Context(), path, addTwo); err != nil { // nor does the umask keep the owner from the lock file
		t.Error(err)
	}
	err := Edit(t.Context(), filepath.Join(dir, "no", "such", "cluster.conf"), addTwo)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("two directories missing: %v", err)
	}
}

func TestEditThatChangesNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), path, func(*File) error { return nil }); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced: %v", err)
	}
}

func TestEditFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"a", "b", "b/c"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	target := filepath.Join(dir, "b", "cluster.conf")
	link := filepath.Join(dir, "a", "link")
	for old, name := range map[string]string{"hop": "a/link", "../b/c/../cluster.conf": "a/hop"} {
		if err := os.Symlink(old, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// First to a file that is not there yet, then to one that is.
	if err := Edit(t.Context(), link, func(f *File) error { return f.AddCluster("web") }); err != nil {
		t.Fatal(err)
	}
	if err := Edit(t.Context(), link, addTwo); err != nil {
		t.Fatal(err)
	}
	if f, findings, err := Load(target); err != nil || findings.Err() != nil || f.Cluster("two") == nil {
		t.Errorf("the target: %v, %v", findings, err)
	}
	wantFiles(t, filepath.Join(dir, "a"), "hop", "link")
	wantFiles(t, filepath.Join(dir, "b"), ".cluster.conf.lock", "c", "cluster.conf")
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

func TestFormatFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	const wrong = "cluster:\n name=web\n node_count=9\nnode:\n cluster=web\n name=a\n number=255\n ip_address=10.0.0.1\n ip_port=7777\n"
	const right = "cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 9\n\n" +
		"node:\n\tcluster = web\n\tnumber = 255\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = a\n\n"
	writeFile(t, path, wrong, 0o640)
	if err := FormatFile(t.Context(), path); err != nil {
		t.Error(err)
	}
	wantFile(t, path, right, 0o640)
	writeFile(t, path, "x", 0o640)
	var invalid *InvalidError
	if err := FormatFile(t.Context(), path); !errors.As(err, &invalid) {
		t.Errorf("a file with an error of syntax: %v", err)
	}
	wantFile(t, path, "x", 0o640)
}

func TestEditRefusesToGrowTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	text := web + "\n" + strings.Repeat("#\n", (MaxSize-len(web)-1)/2)
	writeFile(t, path, text, 0o640)
	if err := Edit(t.Context(), path, addTwo); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	wantFile(t, path, text, 0o640)
}

func TestEditRefusesErrors(t *testing.T) {
	dotted := func(f *File) error { return f.AddCluster("my.web") }
	for _, test := range []struct {
		name, text string
		edit       func(*File) error
		strict     bool // Edit takes it
		permissive bool // EditPermissive takes it
	}{
		{"valid", web, addTwo, true, true},
		{"new permissible error", web, dotted, false, true},
		{"old permissible error", "cluster:\n\tname = my.web\n\tnode_count = 0\n", addTwo, true, true},
		{"new error", web, func(f *File) error { return f.AddNode("web", testNode("n", 255)) }, false, false},
		{"old error", "cluster:\n\tname = web\n", addTwo, false, false},
		{"old error mended", "cluster:\n\tname = web\n", func(f *File) error { return f.SetClusterAttribute("web", "node_count", "0") }, true, true},
		{"syntax", web + "x", addTwo, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cluster.conf")
			for _, run := range []struct {
				edit func(context.Context, string, func(*File) error) error
				ok   bool
			}{{Edit, test.strict}, {EditPermissive, test.permissive}} {
				writeFile(t, path, test.text, 0o600)
				err := run.edit(t.Context(), path, test.edit)
				var invalid *InvalidError
				if (err == nil) != run.ok || err != nil && !errors.As(err, &invalid) {
					t.Errorf("taken: %v, want %v", err, run.ok)
				}
				if text, _ := os.ReadFile(path); !run.ok && string(text) != test.text {
					t.Errorf("refused, but written: %q", text)
				}
			}
		})
	}
}

func TestEditReturnsTheErrorOfEdit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	own := errors.New("my own")
	err := Edit(t.Context(), path, func(f *File) error { return errors.Join(f.AddCluster("two"), own) })
	if !errors.Is(err, own) {
		t.Error(err)
	}
	wantFile(t, path, web, 0o600)
}

func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	f, _, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := f.AddCluster("c" + strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(t.Context()); err != nil {
			t.Fatalf("save %d: %v", i, err)
		}
		wantFile(t, path, string(f.Bytes()), 0o600)
	}
	parsed, _ := Parse("c", []byte(web))
	if err := parsed.Save(t.Context()); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("Save of a text from nowhere: %v", err)
	}
}

func TestSaveRefusesAChangedFile(t *testing.T) {
	for _, test := range []struct {
		name, before, after string // "-" is no file
	}{
		{"edited", web, web + "# by hand\n"},
		{"removed", web, "-"},
		{"made", "-", web},
		{"made empty", "-", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cluster.conf")
			put := func(text string) {
				if text == "-" {
					_ = os.Remove(path)
					return
				}
				writeFile(t, path, text, 0o600)
			}
			put(test.before)
			f, _, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.AddCluster("two"); err != nil {
				t.Fatal(err)
			}
			put(test.after)
			if err := f.Save(t.Context()); !errors.Is(err, ErrChanged) {
				t.Errorf("Save: %v", err)
			}
			text, err := os.ReadFile(path)
			if test.after == "-" && !errors.Is(err, fs.ErrNotExist) || test.after != "-" && string(text) != test.after {
				t.Errorf("the file: %q, %v", text, err)
			}
		})
	}
}

// TestEditRefusesAChangeMeanwhile changes the file by hand while the lock is held.
func TestEditRefusesAChangeMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	err := Edit(t.Context(), path, func(f *File) error {
		writeFile(t, path, "# by hand\n", 0o600)
		return f.AddCluster("two")
	})
	if !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	wantFile(t, path, "# by hand\n", 0o600)
}

func TestEditsOfOneProcessLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 4 {
				n := testNode(fmt.Sprintf("n%d-%d", i, j), 4*i+j)
				if err := Edit(t.Context(), path, func(f *File) error { return f.AddNode("web", n) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	f, findings, err := Load(path)
	if err != nil || len(findings) != 0 || len(f.Cluster("web").Nodes) != 32 {
		t.Errorf("%s, %v, %v", show(f), findings, err)
	}
}

func TestLockWaitEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	writeFile(t, path, web, 0o600)
	err := Edit(t.Context(), path, func(*File) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return Edit(ctx, path, addTwo)
	})
	if !errors.Is(err, ErrLocked) || !errors.Is(err, context.Canceled) {
		t.Errorf("an edit during an edit: %v", err)
	}
	wantFile(t, path, web, 0o600)
}

func TestSaveReportsWhereItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.conf")
	writeFile(t, path, web, 0o600)
	lockFile := filepath.Join(dir, ".cluster.conf.lock")
	if err := os.Mkdir(lockFile, 0o700); err != nil {
		t.Fatal(err)
	}
	var failed *Error
	err := Edit(t.Context(), path, addTwo)
	if !errors.As(err, &failed) || failed.Op != "lock" || failed.Path != lockFile || !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory as lock file: %v", err)
	}
	wantFile(t, path, web, 0o600)
}
