// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"strconv"
)

// Answers are what a person or a file says about a machine's settings. A field that
// is nil keeps what the settings file has.
type Answers struct {
	Enabled            *bool
	Stack              *string
	Cluster            *string // empty or "none" clears it
	HeartbeatThreshold *int64  // 0, as in the three below, is the kernel's own
	IdleTimeoutMS      *int64
	KeepaliveDelayMS   *int64
	ReconnectDelayMS   *int64
	FenceMethod        *string // empty is the kernel's own
	Node               *string // empty is the node of the host name
}

// NoCluster is the answer that clears the cluster to start at boot, as in the dialogue
// of the C init script.
const NoCluster = "none"

// Or returns a with what it does not answer taken from other.
func (a Answers) Or(other Answers) Answers {
	return Answers{
		Enabled:            or(a.Enabled, other.Enabled),
		Stack:              or(a.Stack, other.Stack),
		Cluster:            or(a.Cluster, other.Cluster),
		HeartbeatThreshold: or(a.HeartbeatThreshold, other.HeartbeatThreshold),
		IdleTimeoutMS:      or(a.IdleTimeoutMS, other.IdleTimeoutMS),
		KeepaliveDelayMS:   or(a.KeepaliveDelayMS, other.KeepaliveDelayMS),
		ReconnectDelayMS:   or(a.ReconnectDelayMS, other.ReconnectDelayMS),
		FenceMethod:        or(a.FenceMethod, other.FenceMethod),
		Node:               or(a.Node, other.Node),
	}
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// Changes returns the variables that the answers set, in the order of the template.
func (a Answers) Changes() []Change {
	var changes []Change
	text := func(variable string, value *string) {
		if value != nil {
			changes = append(changes, Change{variable, *value})
		}
	}
	number := func(variable string, value *int64) {
		switch {
		case value == nil:
		case *value == 0:
			changes = append(changes, Change{variable, ""})
		default:
			changes = append(changes, Change{variable, strconv.FormatInt(*value, 10)})
		}
	}
	if a.Enabled != nil {
		changes = append(changes, Change{Enabled, boolean(*a.Enabled)})
	}
	text(Stack, a.Stack)
	if a.Cluster != nil && *a.Cluster == NoCluster {
		changes = append(changes, Change{BootCluster, ""})
	} else {
		text(BootCluster, a.Cluster)
	}
	number(HeartbeatThreshold, a.HeartbeatThreshold)
	number(IdleTimeoutMS, a.IdleTimeoutMS)
	number(KeepaliveDelayMS, a.KeepaliveDelayMS)
	number(ReconnectDelayMS, a.ReconnectDelayMS)
	text(FenceMethod, a.FenceMethod)
	text(Node, a.Node)
	return changes
}
