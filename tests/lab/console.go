// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// tailLines is how much of a console an error shows.
const tailLines = 20

// tailBytes is enough for tailLines of any console.
const tailBytes = 16 << 10

// tail returns the last lines of a file, or why it cannot be read.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := f.Seek(-tailBytes, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(data), "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// consoleDir makes the directory for the consoles of one cluster. They are written
// where they are to be found after a failure, so that a test that is killed leaves
// them too.
func consoleDir(test string) (string, error) {
	root := os.Getenv(keepEnv)
	if root == "" {
		repository, err := findRepository()
		if err != nil {
			return "", err
		}
		if root, err = cacheDir(repository); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	name := regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(test, "-")
	if dir := filepath.Join(root, name); os.Mkdir(dir, 0o755) == nil {
		return dir, nil
	}
	// There is one of an earlier failure, or of a second cluster in this test.
	return os.MkdirTemp(root, name+"-*")
}
