// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// CompileLocks compiles a C program against Debian's static libo2dlm, and returns
// the path of the program. Call it from a test of a package that lies in tests.
func CompileLocks(ctx context.Context, tb lab.TB, source string) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c"))
	unpacked := filepath.Join("..", "..", ".cache", "packages", "usr") // when not root: see tests/packages
	cmd := lab.Host(ctx, tb, "tcc", "-I"+filepath.Join(unpacked, "include"), "-L"+filepath.Join(unpacked, "lib", "x86_64-linux-gnu"),
		"-o", program, source, "-lo2dlm", "-lcom_err", "-lpthread")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s (make packages)", cmd, err, out)
	}
	return program
}
