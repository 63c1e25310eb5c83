// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCPIO has busybox unpack what we pack. That the kernel does too, every boot shows.
func TestCPIO(t *testing.T) {
	files := map[string]string{"init": "x", "a/b/c": "longer\n", "a/empty": "", "a/b/four": "1234"}
	var archive bytes.Buffer
	c := newCPIO(&archive)
	for name, data := range files {
		c.add(name, 0o754, []byte(data))
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	p, err := findPackages()
	if err != nil {
		t.Fatal(err)
	}
	busybox, err := p.program("busybox")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(busybox, "cpio", "-i", "-d")
	cmd.Dir, cmd.Stdin = dir, &archive
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, want := range files {
		path := filepath.Join(dir, name)
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o754 {
			t.Errorf("%s: got mode %v, %v", name, info.Mode(), err)
		}
	}
}
