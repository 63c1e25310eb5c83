// SPDX-License-Identifier: Apache-2.0

package settings

// Template returns the settings file of a machine that was not configured yet: every
// variable with what it does, its range and its default. The package installs it as
// init/o2cb.sysconfig.
func Template() string { return template }

const template = `# Settings of the O2CB cluster stack: what starts at boot, and how patient this node
# is with the others. Read by o2cb_ctl and by /etc/init.d/o2cb; see o2cb.sysconfig(5).
#
# "o2cb_ctl configure" asks for the values and changes nothing else in this file. By
# hand: one NAME=VALUE on a line, a word or a text in one pair of quotes. The file is
# never run, so that $NAME and $(COMMAND) are errors. An empty value is the default.

# true: load the driver and start the cluster at boot. Anything else is false.
O2CB_ENABLED=false

# Cluster stack; o2cb is the one of this package.
O2CB_STACK=o2cb

# Cluster of /etc/ocfs2/cluster.conf that starts at boot and when none is named.
# Empty: the driver is loaded, and no cluster started.
O2CB_BOOTCLUSTER=

# The following must be the same on all nodes of a cluster.

# Beats, one in 2 s, that a node may miss before it is dead, plus one: 31 is 60 s.
# At least 3, better 7 or more; 31 by default.
O2CB_HEARTBEAT_THRESHOLD=

# Silence on a connection, in ms, until it is given up. At least 1, better 5000 or
# more; 30000 by default.
O2CB_IDLE_TIMEOUT_MS=

# Silence on a connection, in ms, until a keepalive packet is sent. Below the idle
# timeout, better 1000 or more; 2000 by default.
O2CB_KEEPALIVE_DELAY_MS=

# Pause, in ms, before the next attempt to connect. At least 1, better 2000 or more;
# 2000 by default.
O2CB_RECONNECT_DELAY_MS=

# What a node that lost the cluster does to itself: reset (the default) or panic.
O2CB_FENCE_METHOD=

# The name of this host's node in cluster.conf, when it is not the host name. Another
# one on each node.
O2CB_NODE=
`
