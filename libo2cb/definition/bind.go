// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// binder makes a definition of a tree and finds what is wrong with it.
type binder struct {
	file     string
	lines    []int // where they start
	findings cluster.Findings
	bad      map[*node]bool // has been reported; the rules need not look at it
}

// add reports something about a node.
func (b *binder) add(n *node, v cluster.Violation) {
	line, found := slices.BinarySearch(b.lines, n.offset)
	if !found {
		line-- // within it
	}
	b.findings = append(b.findings, v.At(b.file, line+1, n.offset-b.lines[line]+1))
	b.bad[n] = true
}

// lineStarts returns where the lines of a text start.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func (b *binder) sort() {
	slices.SortStableFunc(b.findings, func(x, y cluster.Finding) int {
		if x.Line != y.Line {
			return x.Line - y.Line
		}
		return x.Column - y.Column
	})
}

// table returns a node that must be a table of known keys; an empty one otherwise.
func (b *binder) table(what string, n *node, known, required []string) *node {
	if n.table == nil {
		b.add(n, fault(CodeType, fmt.Sprintf("%s that is %s", what, excerpt(n.kind())), "a table", "see what export writes"))
		empty := &node{offset: n.offset}
		b.bad[empty] = true
		return empty
	}
	for _, key := range n.keys {
		if !slices.Contains(known, key) {
			b.add(n.table[key], fault(CodeUnknownKey, fmt.Sprintf("%s has a key %q", what, excerpt(key)),
				"one of "+strings.Join(known, ", "), "correct or remove it"))
		}
	}
	for _, key := range required {
		if n.table[key] == nil {
			b.add(n, fault(CodeMissingKey, fmt.Sprintf("%s without %s", what, key), strings.Join(required, ", "), "add it"))
		}
	}
	return n
}

// list returns the elements of a list, which may be missing.
func (b *binder) list(n *node, key string) []*node {
	l := n.table[key]
	if l != nil && l.list == nil {
		b.wrongType(l, key, "a list")
		return nil
	}
	if l == nil {
		return nil
	}
	return l.list
}

// str returns a text, which may be missing.
func (b *binder) str(n *node, key string) string {
	v := n.table[key]
	if v == nil {
		return ""
	}
	text, ok := v.value.(string)
	if !ok {
		b.wrongType(v, key, "a text")
	}
	return text
}

// number returns a whole number, or what stands for a missing one.
func (b *binder) number(n *node, key string, missing int64) int64 {
	v := n.table[key]
	if v == nil {
		return missing
	}
	number, ok := v.value.(int64)
	if !ok {
		b.wrongType(v, key, "a whole number")
	}
	return number
}

func (b *binder) wrongType(n *node, key, want string) {
	b.add(n, fault(CodeType, fmt.Sprintf("%s that is %s", key, excerpt(n.kind())), want, "see what export writes"))
}

// The keys of the tables.
const (
	keyVersion  = "version"
	keyClusters = "clusters"
	keyRegions  = "regions"
	keyTiming   = "timing"
	keyNodes    = "nodes"
	keyName     = "name"
	keyMode     = "heartbeat_mode"
	keyNumber   = "number"
	keyAddress  = "address"
	keyPort     = "port"
)

func (b *binder) definition(root *node) *Definition {
	d := &Definition{}
	root = b.table("the definition", root, []string{keyVersion, keyClusters}, []string{keyClusters})
	if v := b.number(root, keyVersion, Version); v != Version && !b.bad[root.table[keyVersion]] {
		b.add(root.table[keyVersion], fault(CodeVersion, fmt.Sprintf("version %d", v), fmt.Sprint(Version),
			"export again with the program that is to import, or import with a newer one"))
	}
	seen := map[string]bool{}
	for _, n := range b.list(root, keyClusters) {
		c := b.cluster(n)
		if seen[c.Name] && c.Name != "" {
			b.add(b.at(n, keyName), fault(CodeDuplicateCluster, fmt.Sprintf("cluster %q once more", excerpt(c.Name)), "each cluster once", "rename or remove one of the two"))
		}
		seen[c.Name] = true
		d.Clusters = append(d.Clusters, c)
	}
	return d
}

// cluster reads one cluster and applies the rules of package cluster to what could be read.
func (b *binder) cluster(n *node) *cluster.Cluster {
	n = b.table("a cluster", n, []string{keyName, keyMode, keyRegions, keyTiming, keyNodes}, []string{keyName})
	c := &cluster.Cluster{Name: b.str(n, keyName), HeartbeatMode: cluster.LocalHeartbeat}
	if mode := b.str(n, keyMode); n.table[keyMode] != nil {
		c.HeartbeatMode = cluster.HeartbeatMode(mode)
		if mode == "" {
			b.reportAt(n, keyMode, cluster.Violation{Code: cluster.CodeHeartbeatMode, Severity: cluster.SeverityError,
				Found: "an empty heartbeat mode", Expected: "local or global", Mend: "write one, or remove the line"})
		}
	}
	regions, nodes := b.list(n, keyRegions), b.list(n, keyNodes)
	for _, r := range regions {
		name, ok := r.value.(string)
		if !ok {
			b.wrongType(r, "a region", "the UUID of a volume")
		}
		c.Regions = append(c.Regions, cluster.Region{Name: name})
	}
	for i, m := range nodes {
		nodes[i] = b.table("a node", m, []string{keyName, keyNumber, keyAddress, keyPort}, []string{keyName, keyNumber, keyAddress})
		c.Nodes = append(c.Nodes, b.node(nodes[i]))
	}
	c.Timing = b.timing(n)
	for _, v := range c.Check() {
		switch v.Subject.Kind {
		case cluster.KindNode:
			b.reportAt(nodes[v.Subject.Index], nodeKey(v.Subject.Attribute), v)
		case cluster.KindHeartbeat:
			b.report(regions[v.Subject.Index], v)
		default:
			b.reportAt(n, v.Subject.Attribute, v)
		}
	}
	return c
}

// nodeKey returns the key of an attribute of cluster.conf.
func nodeKey(attribute string) string {
	switch attribute {
	case cluster.AttributeAddress:
		return keyAddress
	case cluster.AttributePort:
		return keyPort
	}
	return attribute
}

func (b *binder) node(n *node) cluster.Node {
	m := cluster.Node{
		Name:   b.str(n, keyName),
		Number: whole(b.number(n, keyNumber, -1)),
		Port:   whole(b.number(n, keyPort, cluster.DefaultPort)),
	}
	text := b.str(n, keyAddress)
	address, err := netip.ParseAddr(text)
	if err != nil && n.table[keyAddress] != nil {
		b.reportAt(n, keyAddress, fault(cluster.CodeAddressInvalid, fmt.Sprintf("address %q", excerpt(text)),
			"four numbers from 0 to 255 without leading zeros, such as 192.168.0.7", "write the address itself: host names are not looked up"))
	}
	m.Address = address
	return m
}

// whole returns a number as an int of any machine; one that does not fit breaks
// every rule, and does so as well when it is cut.
func whole(n int64) int { return int(min(max(n, math.MinInt32), math.MaxInt32)) }

// timing reads the timing, which may be missing, as may each of its keys.
func (b *binder) timing(n *node) cluster.Timing {
	t := n.table[keyTiming]
	if t == nil {
		return cluster.Timing{}
	}
	var known []string
	for _, s := range cluster.TimingSettings() {
		known = append(known, string(s))
	}
	t = b.table(keyTiming, t, known, nil)
	timing := cluster.Timing{
		IdleTimeout:    time.Duration(b.timingNumber(t, cluster.IdleTimeout)) * time.Millisecond,
		KeepaliveDelay: time.Duration(b.timingNumber(t, cluster.KeepaliveDelay)) * time.Millisecond,
		ReconnectDelay: time.Duration(b.timingNumber(t, cluster.ReconnectDelay)) * time.Millisecond,
		DeadThreshold:  int(b.timingNumber(t, cluster.DeadThreshold)),
		FenceMethod:    b.str(t, string(cluster.FenceMethod)),
	}
	broken := timing.Check()
	if timing.FenceMethod == "" && t.table[string(cluster.FenceMethod)] != nil {
		broken = append(broken, cluster.CheckFenceMethod("")...) // written out, and not left out
	}
	for _, v := range broken {
		b.reportAt(t, v.Subject.Attribute, v)
	}
	return timing
}

// timingNumber reads one number; 0 when there is none that the kernel takes. A
// zero that is written out is not one of them.
func (b *binder) timingNumber(t *node, s cluster.Setting) int64 {
	number := b.number(t, string(s), 0)
	v := t.table[string(s)]
	if v == nil || b.bad[v] {
		return 0
	}
	for _, broken := range cluster.CheckTimingNumber(s, uint64(number)) {
		if broken.Severity == cluster.SeverityError {
			b.report(v, broken)
			return 0
		}
	}
	return number
}

// at returns the node of a key; of its table when the key is missing.
func (b *binder) at(table *node, key string) *node {
	if v := table.table[key]; v != nil {
		return v
	}
	return table
}

// report adds what a rule says about a node that could be read.
func (b *binder) report(n *node, v cluster.Violation) {
	if !b.bad[n] {
		b.add(n, v)
		b.bad[n] = v.Severity == cluster.SeverityError && !v.Permissible
	}
}

func (b *binder) reportAt(table *node, key string, v cluster.Violation) {
	b.report(b.at(table, key), v)
}

// excerpt cuts a text that would fill the screen.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}
