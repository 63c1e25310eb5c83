// SPDX-License-Identifier: Apache-2.0

package safefile

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLockFileReplaced takes the lock while its file is removed and made anew:
// two editors must not hold locks on two files of one name.
func TestLockFileReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.conf")
	held, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, want bool) {
		t.Helper()
		if there, err := stillThere(held, lockPath(path)); there != want || err != nil {
			t.Errorf("%s: still there: %v, %v, want %v", when, there, err, want)
		}
	}
	check("locked", true)
	if err := os.Remove(lockPath(path)); err != nil {
		t.Fatal(err)
	}
	check("removed", false)
	other, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	check("made anew", false)
	for _, f := range []*os.File{held, other} {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
