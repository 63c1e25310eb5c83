// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestModuleFiles(t *testing.T) {
	tree := t.TempDir()
	text := `kernel/net/9p/9pnet.ko:
kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko kernel/fs/fscache/fscache.ko kernel/fs/netfs/netfs.ko
kernel/drivers/a-b.ko: kernel/fs/netfs/netfs.ko
`
	if err := os.WriteFile(filepath.Join(tree, "modules.dep"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := moduleFiles(tree, "9p", "built_in", "a_b")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"kernel/fs/netfs/netfs.ko", "kernel/fs/fscache/fscache.ko", "kernel/net/9p/9pnet.ko",
		"kernel/fs/9p/9p.ko.xz", "kernel/drivers/a-b.ko"}
	for i := range want {
		want[i] = filepath.Join(tree, want[i])
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestModuleFilesErrors(t *testing.T) {
	if _, err := moduleFiles(t.TempDir(), "9p"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), mend) {
		t.Errorf("no modules.dep: got error %v, want one that says what to type", err)
	}
	if _, err := parseModulesDep(strings.NewReader("no colon\n")); err == nil {
		t.Error("a line without a colon: no error")
	}
}
