// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// buildAgent returns the path of the agent that becomes process 1 of a guest. It
// is built when its sources have changed, and else taken from the repository's
// cache: even a build that finds nothing to do costs more than half a boot.
func buildAgent() (string, error) {
	repository, err := findRepository()
	if err != nil {
		return "", err
	}
	key, err := sourceKey(filepath.Join(repository, "tests"), "go.mod", "go.sum", "lab/guest/*.go", "lab/internal/*/*.go")
	if err != nil {
		return "", err
	}
	dir, err := cacheDir(repository)
	if err != nil {
		return "", err
	}
	return buildOnce(filepath.Join(dir, "guest-"+key), func(binary string) error {
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./lab/guest")
		cmd.Dir = filepath.Join(repository, "tests")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the agent in %s: %w\n%s", cmd.Dir, err, out)
		}
		return nil
	})
}

// buildOnce returns path, and has the file made if it is not there. Another
// process may be at it: each makes its own and the last name wins.
func buildOnce(path string, build func(file string) error) (string, error) {
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	made, err := os.MkdirTemp(filepath.Dir(path), "build-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	file := filepath.Join(made, filepath.Base(path))
	if err := build(file); err != nil {
		return "", err
	}
	return path, os.Rename(file, path)
}

// cacheDir returns the lab's directory in the repository's cache, or one in the
// directory for temporary files when the repository is not ours to write.
func cacheDir(repository string) (string, error) {
	dir := filepath.Join(repository, ".cache", "lab")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".probe-*"); err == nil {
			probe.Close()
			return dir, os.Remove(probe.Name())
		}
	}
	dir = filepath.Join(os.TempDir(), fmt.Sprintf("o2cb-lab-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	// In a directory that all users write to, it could be somebody else's.
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", err
	}
	return dir, nil
}

// sourceKey is a hash over the files, given by patterns, that something is built from.
func sourceKey(tests string, patterns ...string) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), runtime.GOARCH)
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(tests, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(hash, filepath.Base(file), len(data))
		hash.Write(data)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
