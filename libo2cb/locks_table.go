// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// lockTable is what is known of the locks of a node, by domain and name.
type lockTable map[string]map[string]*lockState

// lockState is what is known of one lock.
type lockState struct {
	uses    []lockUse
	waiters []LockWaiter
}

// lockUse is what one process has open of a lock: the highest level of its
// descriptors, and of the flock that one of them has.
type lockUse struct {
	pid     int
	command string
	open    LockLevel
	flocked LockLevel // empty when none has one
}

// domain returns the locks of a domain, which it enters into the table.
func (t lockTable) domain(name string) map[string]*lockState {
	if t[name] == nil {
		t[name] = map[string]*lockState{}
	}
	return t[name]
}

// resource returns a lock, which it enters into the table.
func (t lockTable) resource(domain, name string) *lockState {
	locks := t.domain(domain)
	if locks[name] == nil {
		locks[name] = &lockState{}
	}
	return locks[name]
}

func (t lockTable) names() []string { return slices.Sorted(maps.Keys(t)) }

// add notes a descriptor of a process.
func (s *lockState) add(pid int, command string, open, flocked LockLevel) {
	at := slices.IndexFunc(s.uses, func(u lockUse) bool { return u.pid == pid })
	if at < 0 {
		s.uses = append(s.uses, lockUse{pid: pid, command: command})
		at = len(s.uses) - 1
	}
	u := &s.uses[at]
	u.open, u.flocked = higher(u.open, open), higher(u.flocked, flocked)
}

func higher(a, b LockLevel) LockLevel {
	if a == ExclusiveLock || b == ExclusiveLock {
		return ExclusiveLock
	}
	if a == SharedLock || b == SharedLock {
		return SharedLock
	}
	return ""
}

// level is that at which the process holds or wants the lock.
func (u lockUse) level() LockLevel {
	if u.flocked != "" {
		return u.flocked
	}
	return u.open
}

// behind tells whether a process that has the lock open without the flock waits for
// another one that has it.
func (u lockUse) behind(all []lockUse) bool {
	return u.flocked == "" && slices.ContainsFunc(all, func(o lockUse) bool {
		return o.flocked == ExclusiveLock || o.flocked == SharedLock && u.open == ExclusiveLock
	})
}

// addWaiting puts processes that wait in the kernel to the locks that they wait for,
// and returns those of which that is not known: a thread in open(2) has no descriptor
// yet, but who asks for a lock through its gate has the gate.
func (t lockTable) addWaiting(all []Waiter) []LockWaiter {
	left := []LockWaiter{}
	for _, w := range all {
		waiter := LockWaiter{PID: w.PID, Command: w.Command, Kernel: true}
		to := &left
		if s := t.behindGate(w.PID); s != nil {
			to = &s.waiters
		}
		if !slices.Contains(*to, waiter) { // another thread of it
			*to = append(*to, waiter)
		}
	}
	return left
}

// behindGate returns the lock whose gate, alone of all gates, a process holds.
func (t lockTable) behindGate(pid int) (found *lockState) {
	for _, locks := range t {
		for name, gate := range locks {
			if !isGate(name) || !slices.ContainsFunc(gate.uses, func(u lockUse) bool { return u.pid == pid && u.flocked != "" }) {
				continue
			}
			s := locks[guardedBy(name, locks)]
			if s == nil || found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}

// report returns what there is to say about a domain.
func (t lockTable) report(domain string) LockDomain {
	d := LockDomain{Name: domain, Resources: []LockResource{}}
	for _, name := range slices.Sorted(maps.Keys(t[domain])) {
		d.Resources = append(d.Resources, t[domain][name].report(name))
	}
	return d
}

func (s *lockState) report(name string) LockResource {
	l := LockResource{Name: name, Gate: isGate(name), Holders: []LockHolder{}, Waiters: append([]LockWaiter{}, s.waiters...)}
	for _, u := range s.uses {
		if u.behind(s.uses) {
			l.Waiters = append(l.Waiters, LockWaiter{PID: u.pid, Command: u.command, Level: u.open})
			continue
		}
		l.Level = higher(l.Level, u.level())
		l.Holders = append(l.Holders, LockHolder{PID: u.pid, Command: u.command, Level: u.level(), Unguarded: u.flocked == ""})
	}
	slices.SortFunc(l.Waiters, func(a, b LockWaiter) int { return a.PID - b.PID })
	return l
}

// The names of gates, as package libo2dlm makes them, which this one must not
// import. A test holds the two against each other.
const (
	gatePrefix     = ".gate."
	longGatePrefix = ".gate#"
	maxLockName    = 31
)

// isGate tells whether a lock is a gate.
func isGate(name string) bool {
	return strings.HasPrefix(name, gatePrefix) || strings.HasPrefix(name, longGatePrefix)
}

// gateOf returns the name of the gate of a lock.
func gateOf(name string) string {
	if len(gatePrefix)+len(name) <= maxLockName {
		return gatePrefix + name
	}
	sum := sha256.Sum256([]byte(name))
	return longGatePrefix + hex.EncodeToString(sum[:])[:maxLockName-len(longGatePrefix)]
}

// guardedBy returns which of the locks a gate guards; empty when it is not there.
func guardedBy(gate string, locks map[string]*lockState) string {
	for name := range locks {
		if !isGate(name) && gateOf(name) == gate {
			return name
		}
	}
	return ""
}
