// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// The variables. vendor/common/o2cb.init.sh of ocfs2-tools; the fence method and
// the node are ours.
const (
	Enabled            = "O2CB_ENABLED"
	Stack              = "O2CB_STACK"
	BootCluster        = "O2CB_BOOTCLUSTER"
	HeartbeatThreshold = "O2CB_HEARTBEAT_THRESHOLD"
	IdleTimeoutMS      = "O2CB_IDLE_TIMEOUT_MS"
	KeepaliveDelayMS   = "O2CB_KEEPALIVE_DELAY_MS"
	ReconnectDelayMS   = "O2CB_RECONNECT_DELAY_MS"
	FenceMethod        = "O2CB_FENCE_METHOD"
	Node               = "O2CB_NODE"
)

// variables returns all of them, those of the init script first, in its order.
func variables() []string {
	return []string{Enabled, Stack, BootCluster, HeartbeatThreshold, IdleTimeoutMS, KeepaliveDelayMS, ReconnectDelayMS, FenceMethod, Node}
}

// Variable returns the variable that holds a setting of the timing: O2CB_IDLE_TIMEOUT_MS for idle_timeout_ms.
func Variable(s cluster.Setting) string {
	switch s {
	case cluster.DeadThreshold:
		return HeartbeatThreshold
	case cluster.IdleTimeout:
		return IdleTimeoutMS
	case cluster.KeepaliveDelay:
		return KeepaliveDelayMS
	case cluster.ReconnectDelay:
		return ReconnectDelayMS
	}
	return FenceMethod
}

// interpret puts the assignments that count into s.
func (r *reader) interpret(s *Settings) {
	at := map[string]assignment{}
	for _, a := range r.assignments {
		if !slices.Contains(variables(), a.name) {
			r.unknown(a)
			continue
		}
		if was, twice := at[a.name]; twice {
			r.add(a.line, 1, warning(CodeRepeatedVariable, fmt.Sprintf("%s once more (before on line %d); this one counts", a.name, was.line),
				"each variable once", "remove one of the two"))
		}
		at[a.name] = a
	}
	for _, name := range variables() {
		if a, set := at[name]; set && a.value != "" {
			r.variable(s, a)
		}
	}
	for _, v := range s.Timing().Check() {
		r.report(at[Variable(cluster.Setting(v.Subject.Attribute))], v)
	}
}

// variable puts one value into s.
func (r *reader) variable(s *Settings, a assignment) {
	switch a.name {
	case Enabled:
		s.Enabled = a.value == "true"
		if a.value != "true" && a.value != "false" {
			r.report(a, warning(CodeBoolean, fmt.Sprintf("%s is %q, which counts as false", a.name, excerpt(a.value)), "true or false", "write one of the two"))
		}
	case Stack:
		s.Stack = a.value
		r.report(a, checkStack(a.value)...)
	case BootCluster:
		s.BootCluster = a.value
		r.report(a, cluster.CheckClusterName(a.value)...)
	case Node:
		s.Node = a.value
		r.report(a, cluster.CheckNodeName(a.value)...)
	case FenceMethod:
		s.FenceMethod = a.value
	case HeartbeatThreshold:
		s.HeartbeatThreshold = r.number(a, cluster.DeadThreshold)
	case IdleTimeoutMS:
		s.IdleTimeoutMS = r.number(a, cluster.IdleTimeout)
	case KeepaliveDelayMS:
		s.KeepaliveDelayMS = r.number(a, cluster.KeepaliveDelay)
	case ReconnectDelayMS:
		s.ReconnectDelayMS = r.number(a, cluster.ReconnectDelay)
	}
}

// report adds what is wrong with a value.
func (r *reader) report(a assignment, found ...cluster.Violation) {
	for _, v := range found {
		r.add(a.line, a.column, v)
	}
}

// isDecimal tells whether the kernel reads a number in base ten: a leading zero makes it octal.
func isDecimal(text string) bool {
	return text == "0" || text != "" && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}

// number reads a number; 0 when there is none that the kernel takes.
func (r *reader) number(a assignment, s cluster.Setting) int {
	if !isDecimal(a.value) {
		r.report(a, fault(CodeNumberSyntax, fmt.Sprintf("%s is %q, which is no decimal number", a.name, excerpt(a.value)),
			"decimal digits without a leading zero", "write the number in decimal digits"))
		return 0
	}
	n, err := strconv.ParseUint(a.value, 10, 64)
	if err != nil {
		n = math.MaxUint64 // larger still
	}
	for _, v := range cluster.CheckTimingNumber(s, n) {
		if v.Severity == cluster.SeverityError {
			r.report(a, v)
			return 0
		}
	}
	return int(n)
}

// stackLabelLength is OCFS2_STACK_LABEL_LEN of fs/ocfs2/ocfs2_fs.h.
const stackLabelLength = 4

func checkStack(label string) []cluster.Violation {
	isPart := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
	}
	if len(label) == stackLabelLength && strings.TrimFunc(label, isPart) == "" {
		return nil
	}
	return []cluster.Violation{fault(CodeStack, fmt.Sprintf("%s is %q", Stack, excerpt(label)), "a label of four letters or digits", "write o2cb")}
}

// unknown reports a variable that looks as if it were one of ours.
func (r *reader) unknown(a assignment) {
	if !strings.HasPrefix(strings.ToUpper(a.name), "O2CB") {
		return
	}
	mend := "remove it"
	for _, known := range variables() {
		if strings.EqualFold(squeeze(known), squeeze(a.name)) {
			mend = "write " + known
		}
	}
	r.add(a.line, 1, warning(CodeUnknownVariable, fmt.Sprintf("variable %s, which nothing reads", excerpt(a.name)),
		"one of "+strings.Join(variables(), ", "), mend))
}

// squeeze makes the usual misspellings of a variable alike.
func squeeze(name string) string {
	return strings.TrimSuffix(strings.ReplaceAll(strings.ToUpper(name), "_", ""), "MS")
}

func warning(code cluster.Code, found, expected, mend string) cluster.Violation {
	return cluster.Violation{Code: code, Severity: cluster.SeverityWarning, Found: found, Expected: expected, Mend: mend}
}
