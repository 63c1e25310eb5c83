// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// tables returns the directories below /proc with the tables of descriptors of a
// process: its own, and those of threads that have one to themselves, as those of
// libo2dlm have that wait for a lock.
func (m *Manager) tables(pid int) []string {
	dir := m.living(pid)
	all := []string{dir}
	if m.root != "/" {
		return all // other threads than this kernel's
	}
	tasks := filepath.Join(m.process(pid), "task")
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return all // it has ended
	}
	for _, thread := range threads {
		own := filepath.Join(tasks, thread.Name())
		if tid, err := strconv.Atoi(thread.Name()); err == nil && tid != pid && !shareFiles(pid, tid, dir, own) {
			all = append(all, own)
		}
	}
	return all
}

// shareFiles tells whether two threads, which are in these directories, have one table
// of descriptors. kcmp(2), KCMP_FILES; where the kernel is built without, tables that
// have the same numbers count as one.
func shareFiles(a, b int, inA, inB string) bool {
	const files = 2 // include/uapi/linux/kcmp.h
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(a), uintptr(b), files, 0, 0, 0)
	if errno == 0 {
		return order == 0
	}
	numbersA, errA := numbers(inA)
	numbersB, errB := numbers(inB)
	return errA != nil || errB != nil || slices.Equal(numbersA, numbersB)
}

// numbers returns the numbers of the descriptors in a table, sorted as texts.
func numbers(thread string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(thread, "fd"))
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all, err
}
