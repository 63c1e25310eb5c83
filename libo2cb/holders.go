// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// String returns the holder as "process 12 (prog) with lock x", or "asking for lock x"
// where it has only passed the gate in front of that.
func (h Holder) String() string {
	text := fmt.Sprintf("process %d (%s)", h.PID, h.Command)
	switch lock, asking := strings.CutPrefix(h.Resource, gatePrefix); {
	case asking:
		text += " asking for lock " + lock
	case isGate(h.Resource):
		text += " asking for a lock"
	case h.Resource != "":
		text += " with lock " + h.Resource
	}
	return text
}

// holders returns who has what open on dlmfs, in whatever mount namespace, by
// domain. It sees only the processes whose descriptors it may read: all for root.
// Processes and descriptors that go away meanwhile are left out.
//
// It reads the links in /proc/PID/fd and follows none, so that no hung file
// system can hold it up. proc(5).
func (m *Manager) holders(ctx context.Context) (map[string][]Holder, error) {
	dlmfs, err := m.dlmfsMounts(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string][]Holder{}
	err = m.eachProcess(ctx, func(pid int) error { return m.holdings(pid, dlmfs, found) })
	return found, err
}

// dlmfsMounts returns the mounts of dlmfs in all mount namespaces.
func (m *Manager) dlmfsMounts(ctx context.Context) ([]mount, error) {
	all, err := m.mounts(ctx)
	return slices.DeleteFunc(all, func(m mount) bool { return m.Type != "ocfs2_dlmfs" }), err
}

// eachProcess calls do with every process, in the order of their numbers. That
// one is gone or may not be looked at is no error.
func (m *Manager) eachProcess(ctx context.Context, do func(pid int) error) error {
	processes, err := os.ReadDir(m.path("proc"))
	if err != nil {
		return err
	}
	var pids []int
	for _, p := range processes {
		if pid, err := strconv.Atoi(p.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	sort.Ints(pids)
	for _, pid := range pids {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := do(pid); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// gone tells whether a process ended or is none of our business.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
}

// holdings adds what one process has open on the mounts of dlmfs to found.
func (m *Manager) holdings(pid int, dlmfs []mount, found map[string][]Holder) error {
	seen := map[string]bool{}
	err := m.eachDescriptor(pid, dlmfs, func(domain, resource, _ string) {
		if seen[domain+"/"+resource] {
			return
		}
		seen[domain+"/"+resource] = true
		found[domain] = append(found[domain], Holder{PID: pid, Command: command(m.process(pid)), Resource: resource})
	})
	if err != nil {
		return err
	}
	for _, holders := range found {
		sort.Slice(holders, func(i, j int) bool {
			return holders[i].PID < holders[j].PID || holders[i].PID == holders[j].PID && holders[i].Resource < holders[j].Resource
		})
	}
	return nil
}

// eachDescriptor calls do with each descriptor that a process, all of its threads, has on the mounts of
// dlmfs: domain, lock, which is empty for the domain itself, and the path of its
// file in fdinfo.
func (m *Manager) eachDescriptor(pid int, dlmfs []mount, do func(domain, resource, info string)) error {
	for _, dir := range m.tables(pid) {
		descriptors, err := os.ReadDir(filepath.Join(dir, "fd"))
		if err != nil {
			return err
		}
		for _, d := range descriptors {
			target, err := os.Readlink(filepath.Join(dir, "fd", d.Name()))
			if err != nil {
				continue // closed meanwhile
			}
			info := filepath.Join(dir, "fdinfo", d.Name())
			if domain, resource, ok := lockOf(target, info, dlmfs); ok {
				do(domain, resource, info)
			}
		}
	}
	return nil
}

// lockOf returns the domain and resource of a descriptor that leads to path. That
// it is on dlmfs the number of its mount says: the same path may be another file
// elsewhere.
func lockOf(path, info string, dlmfs []mount) (domain, resource string, ok bool) {
	for _, m := range dlmfs {
		domain, resource, ok = below(m.Target, path)
		if !ok {
			continue
		}
		if id, err := mountID(info); err == nil && id == m.id {
			return domain, resource, true
		}
	}
	return "", "", false
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
	holders, err := m.holders(ctx)
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
// ends.
func (m *Manager) domainNames(ctx context.Context) ([]string, error) {
	return patiently(ctx, listPatience, ErrDomainsChange, m.list)
}

// patiently runs do on a goroutine. After patience it fails with late, and when
// ctx ends with its cause; the goroutine is left behind then with its thread until
// the kernel lets it go.
func patiently[T any](ctx context.Context, patience time.Duration, late error, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := do()
		done <- answer{value, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var none T
	select {
	case a := <-done:
		return a.value, a.err
	case <-timer.C:
		return none, late
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
