// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
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
	Cluster string
	Mode    cluster.HeartbeatMode // of the cluster; empty for local
	Mounts  []stack.Mount         // OCFS2 volumes
	Domains []Domain              // lock domains that processes use
	Regions []cluster.Region      // heartbeat regions, when nothing else explains them
}

// Error returns one line that names all of them, each with what to do.
func (e *InUseError) Error() string {
	var why []string
	for _, m := range e.Mounts {
		why = append(why, fmt.Sprintf("%s is mounted on %s (umount %s)", m.Source, m.Target, m.Target))
	}
	for _, d := range e.Domains {
		holders := make([]string, len(d.Holders))
		for i, h := range d.Holders {
			holders[i] = h.String()
		}
		why = append(why, fmt.Sprintf("lock domain %s is used by %s (stop the process)", d.Name, strings.Join(holders, ", ")))
	}
	for _, r := range e.Regions {
		why = append(why, fmt.Sprintf("heartbeat runs in region %s on %s (%s)", r.Name, orUnknown(r.Device), plan.StopRegion(e.Cluster, r.Name, e.Mode)))
	}
	return fmt.Sprintf("cluster %s is in use: %s", e.Cluster, strings.Join(why, "; "))
}

// Unwrap returns unix.EBUSY.
func (e *InUseError) Unwrap() error { return unix.EBUSY }

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
func (e *InUseError) empty() bool { return len(e.Mounts)+len(e.Domains)+len(e.Regions) == 0 }
