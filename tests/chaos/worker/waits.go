// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// showWaits prints which threads of this guest wait for what nothing can end, and what
// they have open on dlmfs. Of a process that is dying only such threads are left.
func showWaits() error {
	threads, err := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
	if err != nil {
		return err
	}
	for _, t := range threads {
		stat, err := os.ReadFile(t + "/stat")
		if err == nil && strings.Contains(string(stat), ") D ") {
			fmt.Println(t, locksOf(t))
		}
	}
	return nil
}

// locksOf returns what a thread has open on dlmfs.
func locksOf(thread string) (open []string) {
	files, err := filepath.Glob(thread + "/fd/*")
	if err != nil {
		return nil
	}
	for _, f := range files {
		if target, err := os.Readlink(f); err == nil && strings.HasPrefix(target, "/dlm/") {
			open = append(open, target)
		}
	}
	return open
}
