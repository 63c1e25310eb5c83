// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"net/netip"
)

// checkDuplicateNodes finds what two nodes share and must not: names (the C
// tools refuse the file), numbers and addresses (the kernel refuses the second
// node with EEXIST). Values that break their own rule are not compared.
func (c *Cluster) checkDuplicateNodes() []Violation {
	var found []Violation
	names := map[string]int{}
	numbers := map[int]int{}
	addresses := map[netip.Addr]int{}
	renumber := c.renumberMend()
	for i, n := range c.Nodes {
		if was, twice := names[n.Name]; twice && n.Name != "" {
			found = append(found, duplicate(CodeDuplicateName, Subject{KindNode, i, AttributeName}, was,
				fmt.Sprintf("node name %q once more", shorten(n.Name)), "rename one of the two nodes, or remove it"))
		} else {
			names[n.Name] = i
		}
		if was, twice := numbers[n.Number]; twice && CheckNumber(n.Number) == nil {
			found = append(found, duplicate(CodeDuplicateNumber, Subject{KindNode, i, AttributeNumber}, was,
				fmt.Sprintf("node number %d, which node %q has", n.Number, shorten(c.Nodes[was].Name)), renumber))
		} else {
			numbers[n.Number] = i
		}
		if was, twice := addresses[n.Address]; twice && n.Address.IsValid() {
			found = append(found, duplicate(CodeDuplicateAddr, Subject{KindNode, i, AttributeAddress}, was,
				fmt.Sprintf("address %q, which node %q has", shorten(n.Address.String()), shorten(c.Nodes[was].Name)), "correct one of the two"))
		} else {
			addresses[n.Address] = i
		}
	}
	if len(c.Nodes) > MaxNodes {
		found = append(found, Violation{
			Subject: Subject{KindNode, MaxNodes, AttributeName}, Code: CodeTooManyNodes, Severity: SeverityError,
			Found:    fmt.Sprintf("%d nodes, of which this is the first too many", len(c.Nodes)),
			Expected: fmt.Sprintf("at most %d", MaxNodes), Mend: "remove nodes",
		})
	}
	return found
}

// duplicate describes a value that stands in two objects of one kind.
func duplicate(code Code, s Subject, first int, found, mend string) Violation {
	was := Subject{s.Kind, first, s.Attribute}
	return Violation{
		Subject: s, Code: code, Severity: SeverityError, First: &was,
		Found: found, Expected: "each only once in a cluster", Mend: mend,
	}
}

// renumberMend names the number that a node could have instead.
func (c *Cluster) renumberMend() string {
	if free, ok := c.FreeNumber(); ok {
		return fmt.Sprintf("number one of the two %d, the lowest that is free", free)
	}
	return "renumber one of the two"
}

// FreeNumber returns the lowest number that no node has; false when all are taken.
// The C tools number a new node so.
func (c *Cluster) FreeNumber() (int, bool) {
	taken := map[int]bool{}
	for _, n := range c.Nodes {
		taken[n.Number] = true
	}
	for number := 0; number <= MaxNodeNumber; number++ {
		if !taken[number] {
			return number, true
		}
	}
	return 0, false
}
