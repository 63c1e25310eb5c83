// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// Domain is a lock domain that this node has joined.
type Domain struct {
	Name    string   `json:"name"`
	Holders []Holder `json:"holders,omitempty"`
}

// InUseError says who keeps a cluster from going offline, or a heartbeat from
// stopping. It is unix.EBUSY.
type InUseError struct {
	Cluster string           // empty for none
	Mounts  []Volume         // OCFS2 volumes
	Domains []Domain         // lock domains that processes use
	Waiting []Waiter         // processes that wait in the kernel for a lock
	Regions []cluster.Region // heartbeat regions, when nothing else explains them
}

// Error returns one line that names all of them, each with what to do.
func (e *InUseError) Error() string {
	var why []string
	for _, v := range e.Mounts {
		why = append(why, v.inUse())
	}
	for _, d := range e.Domains {
		if holders := e.stoppable(d.Holders); len(holders) > 0 {
			why = append(why, fmt.Sprintf("lock domain %s is used by %s (stop the process)", d.Name, list(holders)))
		}
	}
	for _, w := range e.Waiting {
		why = append(why, fmt.Sprintf("%s waits in the kernel for a lock that another node holds (release it there)", w))
	}
	for _, r := range e.Regions {
		why = append(why, fmt.Sprintf("heartbeat runs in region %s on %s (%s)", r.Name, orUnknown(r.Device), "o2cb_ctl heartbeat stop "+r.Name))
	}
	what := "cluster " + e.Cluster
	if e.Cluster == "" {
		what = "the cluster stack"
	}
	return fmt.Sprintf("%s is in use: %s", what, strings.Join(why, "; "))
}

// stoppable returns the holders without those who wait in the kernel and have
// nothing else: to stop them does not help.
func (e *InUseError) stoppable(holders []Holder) []Holder {
	return slices.DeleteFunc(slices.Clone(holders), func(h Holder) bool {
		return (h.Resource == "" || isGate(h.Resource)) && slices.ContainsFunc(e.Waiting, func(w Waiter) bool { return w.PID == h.PID })
	})
}

// inUse says where a volume is mounted, how to unmount it, and who uses it.
func (v Volume) inUse() string {
	text := fmt.Sprintf("%s is mounted on %s (umount %[2]s)", v.Source, v.Target)
	if v.Namespace != 0 {
		text = fmt.Sprintf("%s is mounted on %s in the mount namespace of process %d (nsenter -t %[3]d -m umount %[2]s)", v.Source, v.Target, v.Namespace)
	}
	if len(v.Users) > 0 {
		text += " and used by " + list(v.Users)
	}
	return text
}

// list writes things one after the other.
func list[T fmt.Stringer](things []T) string {
	texts := make([]string, len(things))
	for i, t := range things {
		texts[i] = t.String()
	}
	return strings.Join(texts, ", ")
}

// Unwrap returns unix.EBUSY.
func (e *InUseError) Unwrap() error { return unix.EBUSY }

// users returns who uses the stack, the regions aside, and the lock domains that
// nobody has open.
func (m *Manager) users(ctx context.Context) (e *InUseError, idle []string, err error) {
	e = &InUseError{}
	if e.Mounts, err = m.volumes(ctx); err != nil {
		return nil, nil, err
	}
	domains, err := m.domains(ctx)
	if err != nil {
		return nil, nil, err
	}
	idle, e.Domains = divide(domains)
	if len(domains) > 0 {
		e.Waiting, err = m.waiters(ctx)
	}
	return e, idle, err
}

// divide tells the domains that nobody has open from those in use.
func divide(domains []Domain) (idle []string, used []Domain) {
	for _, d := range domains {
		if len(d.Holders) == 0 {
			idle = append(idle, d.Name)
		} else {
			used = append(used, d)
		}
	}
	return idle, used
}

func orUnknown(device string) string {
	if device == "" {
		return "no device"
	}
	return device
}

// empty tells whether nobody uses the cluster.
func (e *InUseError) empty() bool {
	return len(e.Mounts)+len(e.Domains)+len(e.Waiting)+len(e.Regions) == 0
}
