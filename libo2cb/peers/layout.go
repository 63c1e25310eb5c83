// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Digest stands for a part of a configuration. It tells accidents apart, not
// attackers. The zero Digest stands for a part that is not known.
type Digest [6]byte

// String returns the digest as 12 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Layout is who makes up a cluster and where it shows that it is alive, each part
// by itself so that two layouts can be told apart by what differs.
type Layout struct {
	Name    string // of the cluster, at most 16 bytes of it
	Mode    cluster.HeartbeatMode
	Nodes   Digest
	Regions Digest // of global heartbeat; that of no region in local mode
	// How many there are, 0..255.
	NodeCount, RegionCount int
}

// LayoutOf returns the layout of a cluster. The order of nodes and regions does
// not count, nor upper and lower case, nor the dashes of a UUID.
func LayoutOf(c *cluster.Cluster) Layout {
	l := Layout{Name: c.Name[:min(len(c.Name), cluster.MaxClusterName)], Mode: c.Mode()}
	nodes := slices.Clone(c.Nodes)
	slices.SortStableFunc(nodes, func(a, b cluster.Node) int { return cmp.Compare(a.Number, b.Number) })
	lines := make([]string, len(nodes))
	for i, n := range nodes {
		lines[i] = fmt.Sprintf("%d %s %s %d", n.Number, strings.ToLower(n.Name), n.Address, n.Port)
	}
	l.Nodes, l.NodeCount = digest(lines), count(len(lines))

	var regions []string
	if l.Mode == cluster.GlobalHeartbeat { // in local mode they come and go with the mounts
		for _, r := range c.Regions {
			regions = append(regions, strings.ToUpper(strings.ReplaceAll(r.Name, "-", "")))
		}
		slices.Sort(regions)
	}
	l.Regions, l.RegionCount = digest(regions), count(len(regions))
	return l
}

// count fits a number into a byte of the record.
func count(n int) int { return min(n, 255) }

// Digest returns one digest of all parts, never zero.
func (l Layout) Digest() Digest {
	return digest([]string{l.Name, string(l.Mode), l.Nodes.String(), l.Regions.String()})
}

// Describe describes one of SettingNodes, SettingRegions and SettingMode.
func (l Layout) Describe(setting string) string {
	switch setting {
	case SettingNodes:
		return list(l.NodeCount, "node", l.Nodes)
	case SettingRegions:
		return list(l.RegionCount, "region", l.Regions)
	case SettingMode:
		return string(l.Mode)
	}
	return ""
}

// digest returns the digest of some lines, never zero.
func digest(lines []string) Digest {
	h := sha256.New()
	for _, line := range lines {
		// The length keeps the bounds of the lines apart. A hash does not fail.
		_, _ = fmt.Fprintf(h, "%d ", len(line))
		_, _ = io.WriteString(h, line)
	}
	var d Digest
	copy(d[:], h.Sum(nil))
	if d == (Digest{}) {
		d[0] = 1
	}
	return d
}
