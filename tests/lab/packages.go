// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Environment variables of the lab.
const (
	packagesEnv = "O2CB_LAB_PACKAGES" // directory of unpacked packages
	keepEnv     = "O2CB_LAB_KEEP"     // directory for the consoles of failed tests
)

// mend ends every message about something that is not installed.
const mend = `run "make packages" in the repository`

// packages is where programs, kernels and modules come from: the host, and a
// directory of unpacked packages if there is one.
type packages struct {
	dir string // "" without one
}

func findPackages() (packages, error) {
	if dir := os.Getenv(packagesEnv); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return packages{}, err
		}
		if info, err := os.Stat(abs); err != nil || !info.IsDir() {
			return packages{}, fmt.Errorf("%s=%s is not a directory: %s, or unset it", packagesEnv, dir, mend)
		}
		return packages{dir: abs}, nil
	}
	repository, err := findRepository()
	if err != nil {
		return packages{}, err
	}
	dir := filepath.Join(repository, ".cache", "packages")
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return packages{dir: dir}, nil
	}
	return packages{}, nil
}

// program returns the path of a program, the unpacked one first.
func (p packages) program(name string) (string, error) {
	if p.dir != "" {
		for _, bin := range []string{"usr/bin", "usr/sbin", "bin", "sbin"} {
			path := filepath.Join(p.dir, bin, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	// Not in the PATH of ordinary users.
	for _, bin := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(bin, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("program %s is not there: %s", name, mend)
}

// glob returns the matches of a pattern below the unpacked packages, then below
// the host's root, without links to the same file.
func (p packages) glob(pattern string) []string {
	var all []string
	for _, root := range []string{p.dir, "/"} {
		if root == "" {
			continue
		}
		// The only error is a malformed pattern, which is ours.
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			panic(err)
		}
		all = append(all, found...)
	}
	return all
}

// guestPath returns where the guest sees a file of the host.
func (p packages) guestPath(path string) string {
	if p.dir != "" {
		if relative, err := filepath.Rel(p.dir, path); err == nil && filepath.IsLocal(relative) {
			return filepath.Join("/", relative)
		}
	}
	return path
}

// env returns the environment in which the host runs a program: one that was only
// unpacked finds its libraries beside it.
func (p packages) env(program string) []string {
	env := os.Environ()
	if p.guestPath(program) == program {
		return env
	}
	libraries := filepath.Join(p.dir, "usr/lib", multiarch()) + ":" + filepath.Join(p.dir, "lib", multiarch())
	return append(env, "LD_LIBRARY_PATH="+libraries)
}

// multiarch is Debian's name for the directory of this machine's libraries.
func multiarch() string {
	if runtime.GOARCH == "arm64" {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}

// marker is a file that only the root of this repository has.
const marker = "tests/lab/guest/main.go"

// findRepository returns the root of this repository: above the working directory
// (where go test starts a test), or where this file was compiled.
func findRepository() (string, error) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, marker)); err == nil {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", errors.New("the lab builds its agent from source: start the program inside the repository")
}
