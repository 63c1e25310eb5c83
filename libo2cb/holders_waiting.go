// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Waiter is a process that waits in the kernel for a lock of a lock domain, which
// another node holds. No signal reaches it there, not even SIGKILL. It has nothing
// open of that lock yet.
type Waiter struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`

	thread   int    // of the process, that waits
	switches string // how often it has been stopped until now
}

// String returns the waiter as "process 12 (prog)".
func (w Waiter) String() string { return fmt.Sprintf("process %d (%s)", w.PID, w.Command) }

// waiters returns the processes that wait in an open of a lock file: threads in
// uninterruptible sleep in dlmfs_file_open of fs/ocfs2/dlmfs/dlmfs.c. Where
// /proc/PID/stack is not to be had, without root or CONFIG_STACKTRACE, there are none.
func (m *Manager) waiters(ctx context.Context) ([]Waiter, error) {
	var found []Waiter
	err := m.eachProcess(ctx, func(pid int) error {
		threads, err := os.ReadDir(filepath.Join(m.process(pid), "task"))
		if err != nil {
			return err
		}
		for _, t := range threads {
			dir := filepath.Join(m.process(pid), "task", t.Name())
			if !waitsForLock(dir) {
				continue
			}
			id, err := strconv.Atoi(t.Name())
			if err == nil {
				found = append(found, Waiter{PID: pid, Command: command(m.process(pid)), thread: id, switches: switches(dir)})
			}
		}
		return nil
	})
	return found, err
}

func waitsForLock(dir string) bool {
	s, err := readStat(dir)
	if err != nil || s.state != "D" {
		return false
	}
	text, err := os.ReadFile(filepath.Join(dir, "stack"))
	return err == nil && strings.Contains(string(text), "dlmfs_file_open")
}

// switches returns how often a thread has gone to sleep.
func switches(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "voluntary_ctxt_switches:"); ok {
			return strings.TrimSpace(n)
		}
	}
	return ""
}

// still returns those of before that wait now as they did then, without having
// woken up since.
func still(before, now []Waiter) (same []Waiter) {
	for _, w := range now {
		if slices.Contains(before, w) {
			same = append(same, w)
		}
	}
	return same
}

// living returns the directory of a process in which its files are found: of
// another thread when the first one has ended before them.
func (m *Manager) living(pid int) string {
	dir := m.process(pid)
	if s, err := readStat(dir); err != nil || s.state != "Z" {
		return dir
	}
	threads, err := os.ReadDir(filepath.Join(dir, "task"))
	if err != nil {
		return dir
	}
	for _, t := range threads {
		thread := filepath.Join(dir, "task", t.Name())
		if s, err := readStat(thread); err == nil && s.state != "Z" && s.state != "X" {
			return thread
		}
	}
	return dir
}

// stat is a part of /proc/PID/stat. proc(5).
type stat struct {
	state   string // "D" in uninterruptible sleep, "Z" for one that ended
	parent  int
	session int
	start   string // since boot, in clock ticks; with the pid it identifies a process
}

// readStat reads the file stat of the directory of a process or thread.
func readStat(dir string) (stat, error) {
	path := filepath.Join(dir, "stat")
	text, err := os.ReadFile(path)
	if err != nil {
		return stat{}, err
	}
	// The name of the program, in parentheses, may hold anything.
	rest := string(text[strings.LastIndexByte(string(text), ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("%s: %q is not as expected", path, text)
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", path, err)
	}
	session, err := strconv.Atoi(fields[3])
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", path, err)
	}
	return stat{state: fields[0], parent: parent, session: session, start: fields[19]}, nil
}
