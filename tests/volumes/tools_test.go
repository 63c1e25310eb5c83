// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packagesDir is where packages are unpacked that are not installed.
func packagesDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("O2CB_LAB_PACKAGES"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs("../../.cache/packages")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// tool returns a command of ocfs2-tools: the unpacked one with its libraries,
// else the installed one.
func tool(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	dir := packagesDir(tb)
	for _, sbin := range []string{"sbin", "usr/sbin"} {
		path := filepath.Join(dir, sbin, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		libraries, err := filepath.Glob(filepath.Join(dir, "usr/lib/*-linux-gnu"))
		if err != nil {
			tb.Fatal(err)
		}
		cmd := exec.CommandContext(tb.Context(), path, args...)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(libraries, ":"))
		return cmd
	}
	for _, sbin := range []string{"/sbin", "/usr/sbin"} {
		if path := filepath.Join(sbin, name); isFile(path) {
			return exec.CommandContext(tb.Context(), path, args...)
		}
	}
	tb.Fatalf("%s is not there: run \"make packages\" in the repository", name)
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
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
