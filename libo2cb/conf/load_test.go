// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/safefile"
)

// TestLoadFollowsLinksAsTheKernelDoes compares with what open(2) finds.
func TestLoadFollowsLinksAsTheKernelDoes(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"real/sub", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "real", "c.conf"), "# real\n", 0o600)
	writeFile(t, filepath.Join(dir, "other", "c.conf"), "# other\n", 0o600)
	for name, to := range map[string]string{
		"link":       "real/sub",
		"other/hop":  "../link/../c.conf",
		"other/self": ".",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{
		"real/c.conf", "link/../c.conf", "real/sub/../c.conf", "other/hop", "other/self/self/hop", "other/./c.conf", "other//c.conf",
		"link/../../other/c.conf",
	} {
		path = dir + "/" + path // not filepath.Join, which would clean it
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := Load(path)
		if err != nil || string(f.Bytes()) != string(want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	// An edit makes the missing file where the kernel would.
	if err := Edit(t.Context(), dir+"/link/../new.conf", addTwo); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Join(dir, "real"), ".new.conf.lock", "c.conf", "new.conf", "sub")
	if err := Edit(t.Context(), dir+"/missing/../new.conf", addTwo); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("out of a missing directory: %v", err)
	}
}

// TestLoadReadsNothingAsEmptyThatIsThere opens files whose links say less than they do.
func TestLoadReadsNothingAsEmptyThatIsThere(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	removed, err := os.Create(filepath.Join(t.TempDir(), "c.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{r, w, removed} {
		t.Cleanup(func() { _ = f.Close() })
	}
	if err := os.Remove(removed.Name()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, test := range []struct {
		path string
		want error
	}{
		{fmt.Sprintf("/dev/fd/%d", r.Fd()), ErrNotRegular},
		{fmt.Sprintf("/proc/self/fd/%d", r.Fd()), ErrNotRegular},
		{fmt.Sprintf("/dev/fd/%d", removed.Fd()), safefile.ErrNoPath},
		{dir + "/", ErrNotRegular},
		{dir + "/c.conf/", ErrNotRegular},
		{dir + "/.", ErrNotRegular},
		{dir + "/..", ErrNotRegular},
		{"", syscall.ENOENT},
	} {
		if _, _, err := Load(test.path); !errors.Is(err, test.want) {
			t.Errorf("Load(%q): %v, want %v", test.path, err, test.want)
		}
		if err := Edit(t.Context(), test.path, addTwo); !errors.Is(err, test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Edit(%q): %v, want %v", test.path, err, test.want)
		}
	}
	wantFiles(t, dir)
}
