// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// addUses adds what the processes have open of locks to the table. It reads links
// and texts below /proc and follows none, so that no hung file system holds it up.
func (m *Manager) addUses(ctx context.Context, t lockTable) error {
	dlmfs, err := m.dlmfsMounts(ctx)
	if err != nil || len(dlmfs) == 0 {
		return err
	}
	return m.eachProcess(ctx, func(pid int) error {
		return m.eachDescriptor(pid, dlmfs, func(domain, resource, info string) {
			t.domain(domain)
			if resource == "" {
				return
			}
			// What was closed meanwhile is left out, and so is a mere place.
			if open, flocked, err := readDescriptor(info); err == nil && open != "" {
				t.resource(domain, resource).add(pid, command(m.process(pid)), open, flocked)
			}
		})
	})
}

func readDescriptor(path string) (open, flocked LockLevel, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	if open, flocked, err = parseDescriptor(string(text)); err != nil {
		return "", "", fmt.Errorf("%s: %w", path, err)
	}
	return open, flocked, nil
}

var errNoFlags = errors.New("no flags")

// parseDescriptor reads a file of /proc/PID/fdinfo: the level that a lock was opened
// at, empty for a mere place (O_PATH), and that of the flock which the descriptor has,
// empty for none. proc_pid_fdinfo(5); locks since Linux 4.1.
//
//	flags:	02500002
//	lock:	1: FLOCK  ADVISORY  WRITE 758 00:1e:437 0 EOF
func parseDescriptor(text string) (open, flocked LockLevel, err error) {
	err = errNoFlags
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "flags:"); ok {
			var flags uint64
			if flags, err = strconv.ParseUint(strings.TrimSpace(value), 8, 64); err != nil {
				return "", "", err
			}
			open = levelOf(flags)
		}
		if value, ok := strings.CutPrefix(line, "lock:"); ok {
			fields := strings.Fields(value)
			if len(fields) < 4 || fields[1] != "FLOCK" {
				continue
			}
			if fields[3] == "WRITE" {
				flocked = ExclusiveLock
			} else {
				flocked = higher(flocked, SharedLock)
			}
		}
	}
	if err != nil {
		return "", "", err
	}
	return open, flocked, nil
}

// levelOf returns the level of a lock that was opened so.
func levelOf(flags uint64) LockLevel {
	switch {
	case flags&unix.O_PATH != 0:
		return ""
	case flags&unix.O_ACCMODE == unix.O_RDONLY:
		return SharedLock
	}
	return ExclusiveLock
}
