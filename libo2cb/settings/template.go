// SPDX-License-Identifier: Apache-2.0

package settings

import "strings"

// Template returns a settings file that sets nothing and explains every variable. It
// is what init/o2cb.sysconfig has.
func Template() string {
	var b strings.Builder
	b.WriteString(`# Settings of the O2CB cluster stack, read when it starts: o2cb.sysconfig(5).
# "o2cb_ctl configure" asks for them and writes this file; comments and other
# variables stay. Each line is NAME=VALUE, as for a shell, but nothing is ever run:
# no $(...), no $NAME. An empty value leaves it to the kernel, or to what the comment
# says.
`)
	for _, name := range variables() {
		b.WriteString("\n" + entry(name, ""))
	}
	return b.String()
}

// entry returns the lines of a variable: what it is for, and its value.
func entry(name, value string) string {
	var b strings.Builder
	for line := range strings.Lines(purpose(name)) {
		b.WriteString("# " + line)
	}
	return b.String() + "\n" + name + "=" + quote(value) + "\n"
}

// purpose says in a sentence or two what a variable is for.
func purpose(name string) string {
	switch name {
	case Enabled:
		return "Start at boot: true or false. \"start\" does nothing without true."
	case Stack:
		return "The cluster stack. Ours is o2cb, as when it is empty; any other is refused."
	case BootCluster:
		return "The cluster to bring online at boot, and when none is named."
	case HeartbeatThreshold:
		return "A node counts as dead after (threshold - 1) x 2 seconds without a heartbeat:\n31 when empty, a minute. The same on all nodes; at least 3."
	case IdleTimeoutMS:
		return "A connection counts as dead after so many milliseconds of silence: 30000 when\nempty. The same on all nodes."
	case KeepaliveDelayMS:
		return "After so many milliseconds of silence a node asks whether the other is there:\n2000 when empty; less than the idle timeout. The same on all nodes."
	case ReconnectDelayMS:
		return "So many milliseconds pass between two attempts to connect: 2000 when empty."
	case FenceMethod:
		return "What a node does to itself that has lost the cluster: reset, as when it is empty,\nor panic."
	}
	return "The name of this host's node in cluster.conf, when it is not the host name."
}
