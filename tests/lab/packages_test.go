// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackages(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "usr/sbin/tool")
	if err := os.MkdirAll(filepath.Dir(tool), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tool, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(packagesEnv, dir)
	p, err := findPackages()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.program("tool"); err != nil || got != tool {
		t.Errorf("unpacked program: got %s, %v, want %s", got, err, tool)
	}
	if got := p.guestPath(tool); got != "/usr/sbin/tool" {
		t.Errorf("unpacked program in the guest: got %s", got)
	}
	if got, err := p.program("sh"); err != nil || p.guestPath(got) != got {
		t.Errorf("program of the host: got %s, %v", got, err)
	}
	if _, err := p.program("no-such-program"); err == nil || !strings.Contains(err.Error(), mend) {
		t.Errorf("missing program: got error %v, want one that says what to type", err)
	}
	t.Setenv(packagesEnv, tool)
	if _, err := findPackages(); err == nil || !strings.Contains(err.Error(), packagesEnv) {
		t.Errorf("a file for a directory: got error %v", err)
	}
}

// TestUnpacked boots with packages that are only unpacked: some made before the
// /usr merge, whose lib must not hide the host's.
func TestUnpacked(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"lib/marker-old", "usr/lib/marker-new", "sbin/marker", "opt/marker"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+name+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	lend(t, dir)
	t.Setenv(packagesEnv, dir)
	c := Start(t, Nodes(1))
	// stat comes from the host, dynamically linked.
	r := c.Node(0).MustShell("stat -c %n /lib/marker-old /usr/lib/marker-old /lib/marker-new /opt/marker; marker; touch /lib/new /usr/lib/new2; ls /lib/new2")
	want := "/lib/marker-old\n/usr/lib/marker-old\n/lib/marker-new\n/opt/marker\nsbin/marker\n/lib/new2\n"
	if r.Stdout != want {
		t.Errorf("got %q, want %q", r.Stdout, want)
	}
}

// lend links the kernel and its modules into dir on a machine where they are not
// installed but unpacked elsewhere.
func lend(t *testing.T, dir string) {
	t.Helper()
	p, err := findPackages()
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := p.program("linux.uml")
	if err != nil {
		t.Fatal(err)
	}
	if p.guestPath(kernel) == kernel {
		return // installed
	}
	for _, name := range []string{"usr/bin/linux.uml", "usr/lib/uml"} {
		link := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(p.dir, name), link); err != nil {
			t.Fatal(err)
		}
	}
}
