// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.uber.org/goleak"
)

// leaks returns an error that names the goroutines and child processes of this
// program that are left. The supervisor of a guest is a child, and it is there for
// as long as any process of the guest is.
func leaks() error {
	children, err := childrenOf(os.Getpid())
	if err != nil {
		return err
	}
	errs := []error{goleak.Find()}
	for _, pid := range children {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue // gone in this moment
		}
		errs = append(errs, fmt.Errorf("process %d: %s", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
	}
	return errors.Join(errs...)
}

// childrenOf returns the processes whose parent is pid (proc_pid_stat(5), field 4).
func childrenOf(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // gone since
		}
		// The second field is the program's name in parentheses, which may hold anything.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || string(fields[1]) != strconv.Itoa(pid) {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		children = append(children, child)
	}
	return children, nil
}
