// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

var _ TB = testing.TB(nil)

func TestReporter(t *testing.T) {
	var out bytes.Buffer
	r := NewReporter("demo", &out)
	var order []string
	var dir string
	ok := r.Run(func() {
		dir = r.TempDir()
		r.Cleanup(func() { order = append(order, "first") })
		r.Cleanup(func() { order = append(order, "second") })
		r.Logf("hello %d", 1)
		r.Fatalf("stop")
		order = append(order, "not reached")
	})
	if ok || !r.Failed() {
		t.Error("a run with Fatalf counts as passed")
	}
	if len(order) != 2 || order[0] != "second" || order[1] != "first" {
		t.Errorf("cleanups ran as %q, want the latest first", order)
	}
	if out.String() != "hello 1\nstop\n" {
		t.Errorf("wrote %q", out.String())
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if !NewReporter("quiet", &out).Run(func() {}) {
		t.Error("a run without a failure counts as failed")
	}
}
