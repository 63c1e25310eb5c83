// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/peers"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// LockLevel is how strongly a lock is held or wanted.
type LockLevel string

// The levels. dlmfs_decode_open_flags in fs/ocfs2/dlmfs/dlmfs.c.
const (
	SharedLock    LockLevel = "shared"
	ExclusiveLock LockLevel = "exclusive"
)

// LockReport is who has and who wants which cluster-wide lock, as far as this node
// knows. Its JSON form is stable: fields are added, not renamed.
type LockReport struct {
	Domains []LockDomain `json:"domains"` // by name
	// DomainsChange says that a process is joining or leaving a domain or removing a
	// lock, while which the kernel does not list them: what nobody has open is missing.
	DomainsChange bool `json:"domains_change"`
	// Waiters wait in the kernel for a lock that is not known.
	Waiters []LockWaiter `json:"waiters"`
}

// LockDomain is a lock domain that this node has joined.
type LockDomain struct {
	Name      string         `json:"name"`
	Resources []LockResource `json:"resources"` // by name
}

// LockResource is a lock that this node knows. One that nobody holds may still be
// cached by the node, which the kernel does not tell without debugfs.
type LockResource struct {
	Name    string       `json:"name"`
	Gate    bool         `json:"gate"`            // it guards requests for another one: package libo2dlm, Gate
	Level   LockLevel    `json:"level,omitempty"` // the highest of the holders; none without one
	Holders []LockHolder `json:"holders"`         // on this node, by pid
	Waiters []LockWaiter `json:"waiters"`         // on this node, by pid
}

// LockHolder is a process that holds a lock.
type LockHolder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"` // the name of its program, at most 15 bytes
	Level   LockLevel `json:"level"`
	// Unguarded says that other processes of this node are not kept out: the process
	// has opened the lock without flock(2), as the C library does.
	Unguarded bool `json:"unguarded"`
}

// LockWaiter is a process that waits for a lock.
type LockWaiter struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Level   LockLevel `json:"level,omitempty"` // empty when it is not known
	// Kernel says that it waits in the kernel for another node, where no signal
	// reaches it; else it waits for a process of this node.
	Kernel bool `json:"kernel"`
}

// UnknownDomainError says that this node has not joined a lock domain.
type UnknownDomainError struct {
	Name  string
	Known []string // the domains that it has joined
}

// Error returns one line with the domains there are.
func (e *UnknownDomainError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("this node is not in lock domain %q, nor in any other", e.Name)
	}
	return fmt.Sprintf("this node is not in lock domain %q, only in %s", e.Name, strings.Join(e.Known, ", "))
}

// Unwrap returns unix.ENOENT.
func (e *UnknownDomainError) Unwrap() error { return unix.ENOENT }

// Locks returns who has and who wants which lock on this node: what processes have
// open on dlmfs, and who waits in the kernel. It sees only the processes whose
// descriptors it may read: all for root.
//
// It opens nothing on dlmfs but directories, which can take as long as a join or a
// leave: after a second it goes on without their lists, and a goroutine that waits
// in the kernel is left behind.
func (m *Manager) Locks(ctx context.Context) (LockReport, error) {
	r, err := m.locks(ctx)
	if err != nil {
		return r, fmt.Errorf("locks: %w", err)
	}
	return r, nil
}

// LockNames returns the names of the locks that this node knows, sorted, by domain,
// without gates. It waits for nobody longer than a second, as Locks.
func (m *Manager) LockNames(ctx context.Context) (map[string][]string, error) {
	all, err := patiently(ctx, listPatience, ErrDomainsChange, m.listLocks)
	if err != nil {
		return nil, fmt.Errorf("lock names: %w", err)
	}
	for domain, names := range all {
		all[domain] = slices.DeleteFunc(names, isGate)
		slices.Sort(all[domain])
	}
	return all, nil
}

func (m *Manager) locks(ctx context.Context) (LockReport, error) {
	t := lockTable{}
	names, err := patiently(ctx, listPatience, ErrDomainsChange, m.listLocks)
	changing := errors.Is(err, ErrDomainsChange)
	if err != nil && !changing {
		return LockReport{}, err
	}
	for domain, resources := range names {
		t.domain(domain)
		for _, resource := range resources {
			t.resource(domain, resource)
		}
	}
	if err := m.addUses(ctx, t); err != nil {
		return LockReport{}, err
	}
	waiting, err := m.waiters(ctx)
	if err != nil {
		return LockReport{}, err
	}
	r := LockReport{Domains: []LockDomain{}, DomainsChange: changing, Waiters: t.addWaiting(waiting)}
	for _, domain := range t.names() {
		r.Domains = append(r.Domains, t.report(domain))
	}
	return r, nil
}

// listNames lists the locks of all domains.
func (m *Manager) listNames() (map[string][]string, error) {
	mountPoint, err := m.stack.DLMFS()
	if errors.Is(err, stack.ErrNotMounted) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	domains, err := m.list()
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, domain := range domains {
		entries, err := os.ReadDir(filepath.Join(mountPoint, domain))
		if errors.Is(err, unix.ENOENT) {
			continue // left meanwhile
		}
		if err != nil {
			return nil, err
		}
		all[domain] = nil
		for _, e := range entries {
			all[domain] = append(all[domain], e.Name())
		}
	}
	return all, nil
}

// Only returns the part of the report that is about one domain, with the waiters
// whose domain is not known. It fails with an [*UnknownDomainError], or with
// [ErrDomainsChange] when the domain may be one that was not listed.
func (r LockReport) Only(domain string) (LockReport, error) {
	var known []string
	for _, d := range r.Domains {
		if d.Name == domain {
			r.Domains = []LockDomain{d}
			return r, nil
		}
		known = append(known, d.Name)
	}
	if r.DomainsChange {
		return r, ErrDomainsChange
	}
	return r, &UnknownDomainError{Name: domain, Known: known}
}

// Plain returns the report without what this software uses for itself: the domain
// of the peers and the gates. Whoever waits at a gate waits for what is behind it.
func (r LockReport) Plain() LockReport {
	domains := []LockDomain{}
	for _, d := range r.Domains {
		if d.Name == peers.DomainName {
			continue
		}
		d.Resources = slices.DeleteFunc(withoutGates(d.Resources), func(l LockResource) bool { return l.Gate })
		domains = append(domains, d)
	}
	r.Domains = domains
	return r
}

// withoutGates returns the locks, those behind a gate with the waiters at it.
func withoutGates(all []LockResource) []LockResource {
	all = slices.Clone(all)
	for i, l := range all {
		at := slices.IndexFunc(all, func(g LockResource) bool { return g.Gate && g.Name == gateOf(l.Name) })
		if at < 0 || l.Gate {
			continue
		}
		all[i].Waiters = slices.Clone(l.Waiters)
		for _, w := range all[at].Waiters {
			if !slices.ContainsFunc(l.Waiters, func(x LockWaiter) bool { return x.PID == w.PID }) {
				w.Level = "" // what it wants behind the gate is not known yet
				all[i].Waiters = append(all[i].Waiters, w)
			}
		}
		slices.SortFunc(all[i].Waiters, func(a, b LockWaiter) int { return a.PID - b.PID })
	}
	return all
}
