// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// write makes a file with its directories below root.
func write(t testing.TB, root, name, text string) string {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{"nothing", nil, "etc/default/o2cb"},
		{"both", []string{"etc/sysconfig/o2cb", "etc/default/o2cb"}, "etc/sysconfig/o2cb"},
		{"Debian", []string{"etc/default/o2cb"}, "etc/default/o2cb"},
		{"SUSE", []string{"etc/sysconfig/o2cb"}, "etc/sysconfig/o2cb"},
		{"SUSE, not configured", []string{"etc/sysconfig/network"}, "etc/sysconfig/o2cb"},
		{"Debian, not configured", []string{"etc/default/grub"}, "etc/default/o2cb"},
		{"Debian with the other directory", []string{"etc/sysconfig/network", "etc/default/o2cb"}, "etc/default/o2cb"},
		{"a directory of the name", []string{"etc/sysconfig/o2cb/x", "etc/default/o2cb"}, "etc/default/o2cb"},
		{"a file in the way", []string{"etc/sysconfig"}, "etc/default/o2cb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, name := range test.files {
				write(t, root, name, "")
			}
			got, err := Path(root)
			if err != nil || got != filepath.Join(root, test.want) {
				t.Errorf("Path = %s, %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestPathFails(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "etc", "sysconfig")
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("sysconfig", dir); err != nil {
		t.Fatal(err)
	}
	_, err := Path(root)
	var typed *Error
	if !errors.Is(err, unix.ELOOP) || !errors.As(err, &typed) || typed.Path != filepath.Join(dir, "o2cb") {
		t.Errorf("Path = %v, want ELOOP", err)
	}
}

func TestLoad(t *testing.T) {
	root := t.TempDir()
	path := write(t, root, "o2cb", everything)
	s, findings, err := Load(path)
	if err != nil || findings != nil || s.BootCluster != "web" {
		t.Errorf("Load = %+v, %v, %v", s, findings, err)
	}
	s, findings, err = Load(filepath.Join(root, "missing"))
	if err != nil || findings != nil || *s != (Settings{}) {
		t.Errorf("Load of a missing file = %+v, %v, %v", s, findings, err)
	}
	path = write(t, root, "large", string(make([]byte, MaxSize*2)))
	if _, findings, err = Load(path); err != nil || len(findings) != 1 || findings[0].Code != CodeFileTooLarge {
		t.Errorf("Load of a large file = %v, %v", findings, err)
	}
}

func TestLoadFails(t *testing.T) {
	root := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(root, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"":            ErrNotRegular,
		"fifo":        ErrNotRegular,
		"loop":        unix.ELOOP,
		"fifo/within": unix.ENOTDIR,
	} {
		path := filepath.Join(root, name)
		_, _, err := Load(path)
		var typed *Error
		if !errors.Is(err, want) || !errors.As(err, &typed) || typed.Path != path || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load(%s) = %v, want %v", path, err, want)
		}
	}
}
