// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRepositoryInTmp works from a repository that lies where the guest has a
// directory of its own: what is built there must be seen, and not be written to.
func TestRepositoryInTmp(t *testing.T) {
	real, err := findRepository()
	if err != nil {
		t.Fatal(err)
	}
	clone, err := os.MkdirTemp("/tmp", "o2cb-clone-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(clone) })
	if err := os.MkdirAll(filepath.Join(real, ".cache"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tests", "go.mod", "go.sum", ".cache"} {
		if err := os.Symlink(filepath.Join(real, name), filepath.Join(clone, name)); err != nil {
			t.Fatal(err)
		}
	}
	built := filepath.Join(clone, "built")
	if err := os.WriteFile(built, []byte("#!/bin/sh\necho seen\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(clone, "tests"))
	n := Start(t, Nodes(1)).Node(0)
	if r := n.MustShell(built + "; echo changed > " + built); r.Stdout != "seen\n" {
		t.Errorf("the guest says %q", r.Stdout)
	}
	if after, err := os.ReadFile(built); err != nil || string(after) != "#!/bin/sh\necho seen\n" {
		t.Errorf("the guest wrote to the host: %q, %v", after, err)
	}
}
