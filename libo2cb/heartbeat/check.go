// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// stackO2CB is the label of the kernel's own cluster stack.
// OCFS2_STACK_PLUGIN_O2CB in fs/ocfs2/stackglue.h.
const stackO2CB = "o2cb"

// check finds out whether the volume on a device may beat in this cluster. The
// rules are those of o2cb_begin_group_join in libo2cb of ocfs2-tools, and of the
// kernel, which answers EINVAL to some of them.
func check(r Request, v *volume.Volume, c *cluster.Cluster) error {
	refuse := func(reason error, mend, format string, args ...any) error {
		return &Error{Op: "start", Cluster: r.Cluster, Region: v.UUID, Device: r.Device, Found: fmt.Sprintf(format, args...), Mend: mend, Err: reason}
	}
	switch {
	case r.UUID != "" && !strings.EqualFold(r.UUID, v.UUID):
		return refuse(ErrOtherVolume, "", "UUID %s instead of %s", v.UUID, r.UUID)
	case v.LocalMount:
		return refuse(ErrNoCluster, "tunefs.ocfs2 -M cluster makes it a cluster's", "made for one node (-M local)")
	case v.Stack != stackO2CB:
		return refuse(ErrStack, "tunefs.ocfs2 --update-cluster-stack makes it o2cb's", "stack %q", v.Stack)
	case v.ClusterName != "" && v.ClusterName != r.Cluster:
		return refuse(ErrOtherCluster, "", "cluster %q", v.ClusterName)
	case v.HeartbeatMode() != c.Mode():
		return refuse(ErrMode, "tunefs.ocfs2 --update-cluster-stack adapts the volume", "the volume is made for %s heartbeat, the kernel runs %s", v.HeartbeatMode(), c.Mode())
	case !slices.ContainsFunc(c.Nodes, func(n cluster.Node) bool { return n.Local }):
		return refuse(ErrNoLocalNode, "bring the cluster online first", "%d nodes, none of them local", len(c.Nodes))
	}
	return nil
}

// writable makes sure that this node can write its block of a region that does not
// run: a start that fails for that leaves a region that only a reboot removes.
func writable(r Request, v *volume.Volume, c *cluster.Cluster, dev *os.File) error {
	local := slices.IndexFunc(c.Nodes, func(n cluster.Node) bool { return n.Local })
	if local < 0 {
		return startError(r, v.UUID, ErrNoLocalNode)
	}
	if err := volume.Rewrite(dev, v.Area, c.Nodes[local].Number); err != nil {
		return startError(r, v.UUID, err)
	}
	return nil
}
