// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// put writes standard input to a file: put PATH MODE. It makes the directories
// above and replaces the file as a whole, so that a running program can be replaced.
func put(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: put PATH MODE")
	}
	mode, err := strconv.ParseUint(args[1], 8, 32)
	if err != nil {
		return fmt.Errorf("mode %q: %w", args[1], err)
	}
	path := args[0]
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".put-*")
	if err != nil {
		return err
	}
	if err := fill(f, os.FileMode(mode)); err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

func fill(f *os.File, mode os.FileMode) error {
	defer f.Close()
	if _, err := io.Copy(f, os.Stdin); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Close()
}

// get writes a file to standard output: get PATH.
func get(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: get PATH")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(os.Stdout, f)
	return err
}
