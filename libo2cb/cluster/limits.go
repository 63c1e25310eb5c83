// SPDX-License-Identifier: Apache-2.0

package cluster

// Limits of the kernel and of the on-disk format.
const (
	// MaxClusterName is the longest cluster name in bytes.
	// OCFS2_CLUSTER_NAME_LEN in fs/ocfs2/ocfs2_fs.h: volumes carry the name in 16 bytes.
	MaxClusterName = 16

	// MaxNodeName is the longest node name in bytes, as long as a host name can be
	// (__NEW_UTS_LEN): the kernel keeps it in 65 bytes with the terminating NUL, and
	// its mkdir refuses more with ENAMETOOLONG.
	// O2NM_MAX_NAME_LEN in fs/ocfs2/cluster/ocfs2_nodemanager.h; nd_name of
	// struct o2nm_node in fs/ocfs2/cluster/nodemanager.h.
	MaxNodeName = 64

	// MaxNodeNumber is the highest node number; 255 stands for no node.
	// O2NM_MAX_NODES in fs/ocfs2/cluster/ocfs2_nodemanager.h.
	MaxNodeNumber = 254

	// MaxNodes is how many nodes a cluster can have. O2NM_MAX_NODES.
	MaxNodes = 255

	// MinPort and MaxPort bound a node's TCP port: the kernel answers EINVAL to 0 and to 65535.
	// o2nm_node_ipv4_port_store in fs/ocfs2/cluster/nodemanager.c.
	MinPort = 1
	MaxPort = 65534

	// DefaultPort is the port that a new node gets when none is named. o2cb(8).
	DefaultPort = 7777

	// MaxRegions is how many heartbeat regions a cluster can have in global mode.
	// O2NM_MAX_REGIONS in fs/ocfs2/cluster/ocfs2_nodemanager.h.
	MaxRegions = 32

	// MaxRegionName is the longest region name in bytes.
	// O2HB_MAX_REGION_NAME_LEN in fs/ocfs2/cluster/ocfs2_heartbeat.h.
	MaxRegionName = 32
)
