// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The rules on a Timing.
const (
	CodeTimingRange   Code = "timing-range"   // a number that the kernel refuses or ignores
	CodeTimingLow     Code = "timing-low"     // a number below what the C init script's dialogue takes
	CodeKeepaliveIdle Code = "keepalive-idle" // a keepalive delay that reaches the idle timeout
	CodeFenceMethod   Code = "fence-method"   // neither reset nor panic
)

// DefaultTiming returns what the kernel has when nothing was set. The defaults of
// fs/ocfs2/cluster/tcp.h and heartbeat.c; fence method 0 of nodemanager.c.
func DefaultTiming() Timing {
	return Timing{IdleTimeout: 30 * time.Second, KeepaliveDelay: 2 * time.Second, ReconnectDelay: 2 * time.Second, DeadThreshold: 31, FenceMethod: "reset"}
}

// MaxTimingNumber is the highest number that the kernel keeps. o2nm_cluster_attr_write
// in fs/ocfs2/cluster/nodemanager.c.
const MaxTimingNumber = math.MaxUint32 - 1

// timingLimits returns the lowest number of a setting that the kernel takes, and
// the lowest one that the dialogue of the C init script takes.
//
// O2HB_MIN_DEAD_THRESHOLD in fs/ocfs2/cluster/ocfs2_heartbeat.h, below which and
// at which the kernel ignores a threshold; o2cb.init.sh of ocfs2-tools.
func timingLimits(s Setting) (least, usual uint64) {
	switch s {
	case DeadThreshold:
		return 3, 7
	case IdleTimeout:
		return 1, 5000
	case KeepaliveDelay:
		return 1, 1000
	}
	return 1, 2000
}

// LeastUsual returns the lowest number of a setting that the dialogue of the C init
// script takes. CheckTimingNumber warns below it.
func LeastUsual(s Setting) uint64 {
	_, usual := timingLimits(s)
	return usual
}

// CheckTimingNumber returns the rules that a number breaks as the value of a
// setting, all but the fence method: the kernel takes it, and a busy node is not
// easily taken for a dead one. The second is a warning.
func CheckTimingNumber(s Setting, n uint64) []Violation {
	subject := Subject{Kind: KindCluster, Attribute: string(s)}
	least, usual := timingLimits(s)
	if n < least || n > MaxTimingNumber {
		return []Violation{{
			Subject: subject, Code: CodeTimingRange, Severity: SeverityError,
			Found:    fmt.Sprintf("%s %d, which the kernel does not take", s, n),
			Expected: fmt.Sprintf("%d to %d", least, uint64(MaxTimingNumber)),
			Mend:     "correct the number, or leave it out for the kernel's own",
		}}
	}
	if n < usual {
		return []Violation{{
			Subject: subject, Code: CodeTimingLow, Severity: SeverityWarning,
			Found:    fmt.Sprintf("%s %d, at which a busy node is easily taken for a dead one", s, n),
			Expected: fmt.Sprintf("at least %d, as the C init script asks for", usual),
			Mend:     "raise it, on all nodes",
		}}
	}
	return nil
}

// CheckFenceMethod returns the rules that a fence method breaks: it is reset or panic.
// o2nm_fence_method_desc in fs/ocfs2/cluster/nodemanager.c.
func CheckFenceMethod(method string) []Violation {
	if method == "reset" || method == "panic" {
		return nil
	}
	return []Violation{{
		Subject: Subject{Kind: KindCluster, Attribute: string(FenceMethod)},
		Code:    CodeFenceMethod, Severity: SeverityError,
		Found: fmt.Sprintf("fence method %q", shorten(method)), Expected: "reset or panic",
		Mend: "write reset, or leave it out for the kernel's own",
	}}
}

// Check returns every rule that the settings which are not zero break, each with
// the setting as its subject's attribute.
func (t Timing) Check() []Violation {
	var found []Violation
	for _, s := range []struct {
		setting Setting
		number  int64
	}{
		{IdleTimeout, t.IdleTimeout.Milliseconds()},
		{KeepaliveDelay, t.KeepaliveDelay.Milliseconds()},
		{ReconnectDelay, t.ReconnectDelay.Milliseconds()},
		{DeadThreshold, int64(t.DeadThreshold)},
	} {
		if s.number != 0 {
			found = append(found, CheckTimingNumber(s.setting, uint64(s.number))...) // a negative one is far too large
		}
	}
	if !slices.ContainsFunc(found, func(v Violation) bool { return v.Severity == SeverityError }) {
		found = append(found, t.checkKeepalive()...)
	}
	if t.FenceMethod != "" {
		found = append(found, CheckFenceMethod(t.FenceMethod)...)
	}
	return found
}

// checkKeepalive checks that the delay stays below the timeout, of which the one
// that is not set is the kernel's own.
func (t Timing) checkKeepalive() []Violation {
	used := t.Or(DefaultTiming())
	if used.KeepaliveDelay < used.IdleTimeout {
		return nil
	}
	about := KeepaliveDelay
	if t.KeepaliveDelay == 0 {
		about = IdleTimeout
	}
	return []Violation{{
		Subject: Subject{Kind: KindCluster, Attribute: string(about)}, Code: CodeKeepaliveIdle, Severity: SeverityError,
		Found: fmt.Sprintf("a %s of %d and an %s of %d, which the kernel refuses", KeepaliveDelay, used.KeepaliveDelay.Milliseconds(),
			IdleTimeout, used.IdleTimeout.Milliseconds()),
		Expected: "a delay below the timeout", Mend: "set both, the delay to a tenth of the timeout or so",
	}}
}
