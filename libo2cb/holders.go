// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Holder is a process that has something open in a lock domain.
type Holder struct {
	PID      int    `json:"pid"`
	Command  string `json:"command"`            // the name of its program, at most 15 bytes
	Resource string `json:"resource,omitempty"` // the lock's name; empty for the domain itself
}

// String returns the holder as "process 12 (prog) with lock x".
func (h Holder) String() string {
	text := fmt.Sprintf("process %d (%s)", h.PID, h.Command)
	if h.Resource != "" {
		text += " with lock " + h.Resource
	}
	return text
}

// holders returns who has what open below mountPoint, by domain. It sees only
// the processes whose descriptors it may read: all for root. Processes and
// descriptors that go away meanwhile are left out.
//
// It reads the links in /proc/PID/fd and follows none, so that no hung file
// system can hold it up. proc(5).
func (m *Manager) holders(ctx context.Context, mountPoint string) (map[string][]Holder, error) {
	processes, err := os.ReadDir(m.path("proc"))
	if err != nil {
		return nil, err
	}
	found := map[string][]Holder{}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if err := m.holdings(pid, mountPoint, found); err != nil && !gone(err) {
			return nil, err
		}
	}
	return found, nil
}

// gone tells whether a process ended or is none of our business.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
}

// holdings adds what one process has open below mountPoint to found.
func (m *Manager) holdings(pid int, mountPoint string, found map[string][]Holder) error {
	dir := m.path(filepath.Join("proc", strconv.Itoa(pid)))
	descriptors, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, d := range descriptors {
		target, err := os.Readlink(filepath.Join(dir, "fd", d.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		domain, resource, ok := below(mountPoint, target)
		if !ok || seen[target] {
			continue
		}
		seen[target] = true
		found[domain] = append(found[domain], Holder{PID: pid, Command: command(dir), Resource: resource})
	}
	for _, holders := range found {
		sort.Slice(holders, func(i, j int) bool {
			return holders[i].PID < holders[j].PID || holders[i].PID == holders[j].PID && holders[i].Resource < holders[j].Resource
		})
	}
	return nil
}

// below splits a path below mountPoint into domain and resource.
func below(mountPoint, path string) (domain, resource string, ok bool) {
	rel, ok := strings.CutPrefix(path, mountPoint+"/")
	if !ok {
		return "", "", false
	}
	// Linux marks an open file without a name so; the lock is held all the same.
	rel = strings.TrimSuffix(rel, " (deleted)")
	domain, resource, _ = strings.Cut(rel, "/")
	return domain, resource, domain != ""
}

func command(dir string) string {
	name, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(name))
}

// domains returns the lock domains with their holders, by name; none when dlmfs
// is not mounted. It fails with [ErrDomainsChange] when the list is not to be had.
func (m *Manager) domains(ctx context.Context) ([]Domain, error) {
	names, err := m.domainNames(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	mountPoint, err := m.stack.DLMFS()
	if err != nil {
		return nil, err
	}
	holders, err := m.holders(ctx, mountPoint)
	if err != nil {
		return nil, err
	}
	var domains []Domain
	for _, name := range names {
		domains = append(domains, Domain{Name: name, Holders: holders[name]})
	}
	return domains, nil
}

// listPatience is how long the list of domains may take: it takes the kernel
// microseconds, or as long as a join or leave.
const listPatience = time.Second

// ErrDomainsChange says that a process is joining or leaving a lock domain, which
// can take as long as a node that does not answer. It is unix.EBUSY.
var ErrDomainsChange = fmt.Errorf("a process is joining or leaving a lock domain, try again when it is done: %w", unix.EBUSY)

// domainNames lists the domains. The kernel holds the directory for the whole
// time of a mkdir or rmdir in it, and a reader waits in a state that no signal
// ends: so it reads on a goroutine, which after listPatience, or when ctx ends, is
// left behind with its thread until the kernel lets it go.
func (m *Manager) domainNames(ctx context.Context) ([]string, error) {
	type answer struct {
		names []string
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		names, err := m.list()
		done <- answer{names, err}
	}()
	patience := time.NewTimer(listPatience)
	defer patience.Stop()
	select {
	case a := <-done:
		return a.names, a.err
	case <-patience.C:
		return nil, ErrDomainsChange
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
