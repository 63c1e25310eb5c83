// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// tool returns a command of ocfs2-tools.
func tool(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	return lab.Host(tb.Context(), tb, name, args...)
}

// run returns the standard output of a tool.
func run(tb testing.TB, name string, args ...string) string {
	tb.Helper()
	cmd := tool(tb, name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}

// format makes an image file of the given size with mkfs.ocfs2. It returns the
// path, or what mkfs.ocfs2 said when it refused.
func format(tb testing.TB, size int64, options ...string) (image, refusal string) {
	tb.Helper()
	image = filepath.Join(tb.TempDir(), "image")
	f, err := os.Create(image)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		tb.Fatal(err)
	}
	out, err := tool(tb, "mkfs.ocfs2", append(append([]string{"-F", "-q"}, options...), image)...).CombinedOutput()
	if err != nil {
		return "", err.Error() + ": " + string(out)
	}
	return image, ""
}
