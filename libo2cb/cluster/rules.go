// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"net/netip"
)

// CheckNumber returns the rules that a node's number breaks: 0 to MaxNodeNumber.
func CheckNumber(number int) []Violation {
	if number >= 0 && number <= MaxNodeNumber {
		return nil
	}
	return []Violation{{
		Code: CodeNumberRange, Severity: SeverityError,
		Found:    fmt.Sprintf("node number %d", number),
		Expected: fmt.Sprintf("0 to %d", MaxNodeNumber),
		Mend:     "give the node a number that no other node has",
	}}
}

// CheckPort returns the rules that a node's TCP port breaks: MinPort to MaxPort.
func CheckPort(port int) []Violation {
	if port >= MinPort && port <= MaxPort {
		return nil
	}
	return []Violation{{
		Code: CodePortRange, Severity: SeverityError,
		Found:    fmt.Sprintf("port %d", port),
		Expected: fmt.Sprintf("%d to %d", MinPort, MaxPort),
		Mend:     fmt.Sprintf("use %d, as clusters commonly do", DefaultPort),
	}}
}

// CheckAddress returns the rules that a node's address breaks: an IPv4 address
// that a node can have. That excludes 0.0.0.0/8, multicast and 240.0.0.0/4 with
// the broadcast address (RFC 6890); the kernel accepts those, so they are permissible.
func CheckAddress(address netip.Addr) []Violation {
	switch {
	case !address.IsValid():
		return []Violation{{
			Code: CodeAddressInvalid, Severity: SeverityError,
			Found: "no address", Expected: "an IPv4 address such as 192.168.0.7",
			Mend: "write the address of the node on the cluster's network",
		}}
	case !address.Is4():
		return []Violation{{
			Code: CodeAddressIPv6, Severity: SeverityError,
			Found:    fmt.Sprintf("IPv6 address %q", shorten(address.String())), // its zone can be any text
			Expected: "an IPv4 address: the kernel keeps it in the attribute ipv4_address and has none for IPv6",
			Mend:     "write the node's IPv4 address",
		}}
	}
	octets := address.As4()
	if octets[0] != 0 && octets[0] < 224 {
		return nil
	}
	return []Violation{{
		Code: CodeAddressUnusable, Severity: SeverityError, Permissible: true,
		Found:    fmt.Sprintf("address %s, which no node can have (%s)", address, specialUse(octets[0])),
		Expected: "the address of one host",
		Mend:     "write the address of the node on the cluster's network",
	}}
}

// specialUse says what the addresses that start with an octet are kept for.
func specialUse(first byte) string {
	switch {
	case first == 0:
		return "0.0.0.0/8 means this network"
	case first < 240:
		return "224.0.0.0/4 is multicast"
	}
	return "240.0.0.0/4 is reserved or broadcast"
}

// CheckHeartbeatMode returns the rules that a heartbeat mode breaks: it is
// LocalHeartbeat, GlobalHeartbeat or empty.
func CheckHeartbeatMode(mode HeartbeatMode) []Violation {
	switch mode {
	case "", LocalHeartbeat, GlobalHeartbeat:
		return nil
	}
	return []Violation{{
		Code: CodeHeartbeatMode, Severity: SeverityError,
		Found: fmt.Sprintf("heartbeat mode %q", shorten(string(mode))), Expected: "local or global",
		Mend: "write local, or global when the cluster has heartbeat regions of its own",
	}}
}

// CheckNodeCount returns the rules that node_count breaks: it is the number of
// the cluster's node stanzas. Nothing reads it but the C tools, which believe it.
func CheckNodeCount(stated uint64, nodes int) []Violation {
	if stated == uint64(nodes) {
		return nil
	}
	return []Violation{{
		Subject: Subject{Kind: KindCluster, Attribute: AttributeNodeCount},
		Code:    CodeNodeCount, Severity: SeverityError, Permissible: true,
		Found:    fmt.Sprintf("node_count %d, but %s", stated, stanzas(nodes)),
		Expected: fmt.Sprint(nodes),
		Mend:     fmt.Sprintf("write node_count = %d, or look for a missing or misspelt node", nodes),
	}}
}

func stanzas(n int) string {
	if n == 1 {
		return "1 node stanza of this cluster"
	}
	return fmt.Sprintf("%d node stanzas of this cluster", n)
}

// Check returns every rule that the cluster breaks, each with its subject; none
// when the kernel and the C tools can work with it and nothing is odd.
func (c *Cluster) Check() []Violation {
	found := about(Subject{Kind: KindCluster, Attribute: AttributeName}, CheckClusterName(c.Name))
	found = append(found, about(Subject{Kind: KindCluster, Attribute: AttributeHeartbeatMode}, CheckHeartbeatMode(c.HeartbeatMode))...)
	for i, n := range c.Nodes {
		found = append(found, about(Subject{KindNode, i, AttributeName}, CheckNodeName(n.Name))...)
		found = append(found, about(Subject{KindNode, i, AttributeNumber}, CheckNumber(n.Number))...)
		found = append(found, about(Subject{KindNode, i, AttributeAddress}, CheckAddress(n.Address))...)
		found = append(found, about(Subject{KindNode, i, AttributePort}, CheckPort(n.Port))...)
	}
	found = append(found, c.checkLoopback()...)
	found = append(found, c.checkDuplicateNodes()...)
	return append(found, c.checkRegions()...)
}

// checkLoopback finds loopback addresses. They are right for a cluster of one
// node, the usual way to try things out, and reach no other node.
func (c *Cluster) checkLoopback() []Violation {
	var found []Violation
	for i, n := range c.Nodes {
		if len(c.Nodes) < 2 || !n.Address.IsLoopback() || !n.Address.Is4() {
			continue
		}
		found = append(found, Violation{
			Subject: Subject{KindNode, i, AttributeAddress},
			Code:    CodeAddressLoopback, Severity: SeverityWarning,
			Found:    fmt.Sprintf("loopback address %s in a cluster of %d nodes", n.Address, len(c.Nodes)),
			Expected: "an address that the other nodes can reach",
			Mend:     "write the address of the node on the cluster's network",
		})
	}
	return found
}

// checkRegions applies the rules on heartbeat regions. In local mode no region of
// the file is ever started, so that a form no volume has is only odd there.
func (c *Cluster) checkRegions() []Violation {
	var found []Violation
	first := map[string]int{}
	for i, r := range c.Regions {
		subject := Subject{KindHeartbeat, i, AttributeRegion}
		for _, v := range about(subject, CheckRegionName(r.Name)) {
			if v.Code == CodeRegionFormat && c.Mode() == LocalHeartbeat {
				v.Severity, v.Permissible = SeverityWarning, false
			}
			found = append(found, v)
		}
		if was, twice := first[r.Name]; twice && r.Name != "" {
			found = append(found, duplicate(CodeDuplicateRegion, subject, was, fmt.Sprintf("region %q once more", shorten(r.Name)), "remove one of the two stanzas"))
			continue
		}
		first[r.Name] = i
	}
	if len(c.Regions) > MaxRegions {
		found = append(found, Violation{
			Subject: Subject{KindHeartbeat, MaxRegions, AttributeRegion}, Code: CodeTooManyRegions, Severity: SeverityError,
			Found:    fmt.Sprintf("%d regions, of which this is the first too many", len(c.Regions)),
			Expected: fmt.Sprintf("at most %d", MaxRegions), Mend: "remove regions",
		})
	}
	return found
}
