// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Domain is a lock domain that this node has joined.
type Domain struct {
	Name    string   `json:"name"`
	Holders []Holder `json:"holders,omitempty"`
}

// InUseError says who keeps a cluster from going offline.
type InUseError struct {
	Cluster string
	Mounts  []stack.Mount    // OCFS2 volumes
	Domains []Domain         // lock domains that processes use
	Regions []cluster.Region // heartbeat regions, when nothing else explains them
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
		why = append(why, fmt.Sprintf("heartbeat runs in region %s on %s (o2cb_ctl heartbeat stop %s)", r.Name, orUnknown(r.Device), r.Name))
	}
	return fmt.Sprintf("cluster %s is in use: %s", e.Cluster, strings.Join(why, "; "))
}

func orUnknown(device string) string {
	if device == "" {
		return "no device"
	}
	return device
}

// empty tells whether nobody uses the cluster.
func (e *InUseError) empty() bool { return len(e.Mounts)+len(e.Domains)+len(e.Regions) == 0 }
