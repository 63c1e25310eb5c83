// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"
)

// Timing is how patient a cluster is with its nodes. All nodes must have the
// same: a peer with another dead threshold is only mentioned in the kernel log.
//
// The zero value of a field means that it is not known, or is to be left alone.
type Timing struct {
	IdleTimeout    time.Duration // silence on a connection before it is given up; 30 s by default
	KeepaliveDelay time.Duration // silence before a keepalive packet is sent; 2 s by default
	ReconnectDelay time.Duration // pause before the next attempt to connect; 2 s by default
	DeadThreshold  int           // missed beats until a node is dead, plus one; 31 by default, at least 3
	FenceMethod    string        // what a cut-off node does to itself: "reset" (default) or "panic"
}

// beat is the time between two heartbeats of a node. O2HB_REGION_TIMEOUT_MS in
// fs/ocfs2/cluster/ocfs2_heartbeat.h.
const beat = 2 * time.Second

// DeadTime returns how long a node must be silent on disk until it is dead, and
// until it resets itself when it cannot write; 0 when the threshold is not known.
// O2HB_MAX_WRITE_TIMEOUT_MS in fs/ocfs2/cluster/ocfs2_heartbeat.h.
func (t Timing) DeadTime() time.Duration {
	if t.DeadThreshold == 0 {
		return 0
	}
	return time.Duration(t.DeadThreshold-1) * beat
}

// Setting names one value of a Timing as configfs names it, which the settings
// file spells in capitals.
type Setting string

// The settings of a Timing. cluster_attrs in fs/ocfs2/cluster/nodemanager.c,
// o2hb_heartbeat_group_attrs in fs/ocfs2/cluster/heartbeat.c.
const (
	IdleTimeout    Setting = "idle_timeout_ms"
	KeepaliveDelay Setting = "keepalive_delay_ms"
	ReconnectDelay Setting = "reconnect_delay_ms"
	DeadThreshold  Setting = "dead_threshold"
	FenceMethod    Setting = "fence_method"
)

// TimingSettings returns the settings of a Timing in the order of its fields.
func TimingSettings() []Setting {
	return []Setting{IdleTimeout, KeepaliveDelay, ReconnectDelay, DeadThreshold, FenceMethod}
}

// Get returns a setting as the kernel prints it, and nothing when it is zero.
func (t Timing) Get(s Setting) string {
	switch s {
	case IdleTimeout:
		return milliseconds(t.IdleTimeout)
	case KeepaliveDelay:
		return milliseconds(t.KeepaliveDelay)
	case ReconnectDelay:
		return milliseconds(t.ReconnectDelay)
	case DeadThreshold:
		return number(int64(t.DeadThreshold))
	case FenceMethod:
		return t.FenceMethod
	}
	return ""
}

// Only returns t with all settings zero but s.
func (t Timing) Only(s Setting) Timing {
	switch s {
	case IdleTimeout:
		return Timing{IdleTimeout: t.IdleTimeout}
	case KeepaliveDelay:
		return Timing{KeepaliveDelay: t.KeepaliveDelay}
	case ReconnectDelay:
		return Timing{ReconnectDelay: t.ReconnectDelay}
	case DeadThreshold:
		return Timing{DeadThreshold: t.DeadThreshold}
	case FenceMethod:
		return Timing{FenceMethod: t.FenceMethod}
	}
	return Timing{}
}

// Or returns t with each zero field taken from other.
func (t Timing) Or(other Timing) Timing {
	return Timing{
		IdleTimeout:    cmp.Or(t.IdleTimeout, other.IdleTimeout),
		KeepaliveDelay: cmp.Or(t.KeepaliveDelay, other.KeepaliveDelay),
		ReconnectDelay: cmp.Or(t.ReconnectDelay, other.ReconnectDelay),
		DeadThreshold:  cmp.Or(t.DeadThreshold, other.DeadThreshold),
		FenceMethod:    cmp.Or(t.FenceMethod, other.FenceMethod),
	}
}

func milliseconds(d time.Duration) string { return number(d.Milliseconds()) }

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// timingJSON is a Timing with the kernel's names and units.
type timingJSON struct {
	IdleTimeoutMS    int64  `json:"idle_timeout_ms,omitempty"`
	KeepaliveDelayMS int64  `json:"keepalive_delay_ms,omitempty"`
	ReconnectDelayMS int64  `json:"reconnect_delay_ms,omitempty"`
	DeadThreshold    int    `json:"dead_threshold,omitempty"`
	FenceMethod      string `json:"fence_method,omitempty"`
}

// MarshalJSON writes the settings that are not zero, under their names.
func (t Timing) MarshalJSON() ([]byte, error) {
	return json.Marshal(timingJSON{t.IdleTimeout.Milliseconds(), t.KeepaliveDelay.Milliseconds(), t.ReconnectDelay.Milliseconds(),
		t.DeadThreshold, t.FenceMethod})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Timing) UnmarshalJSON(data []byte) error {
	var j timingJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*t = Timing{time.Duration(j.IdleTimeoutMS) * time.Millisecond, time.Duration(j.KeepaliveDelayMS) * time.Millisecond,
		time.Duration(j.ReconnectDelayMS) * time.Millisecond, j.DeadThreshold, j.FenceMethod}
	return nil
}
