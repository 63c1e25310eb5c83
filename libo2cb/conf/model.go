// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// maxCNumber is the highest node number that the C loader takes. o2cb_config.c of ocfs2-tools.
const maxCNumber = math.MaxInt32 - 1

// modeller makes clusters of a tree and finds what is wrong with them.
type modeller struct {
	*tree
	name     string
	findings Findings
	clusters []*cluster.Cluster
	members  map[string]map[string][]*stanza // by kind, then by the name of the cluster
}

// model reads the clusters of a tree.
func model(name string, t *tree) ([]*cluster.Cluster, Findings) {
	m := &modeller{tree: t, name: name, members: map[string]map[string][]*stanza{
		string(cluster.KindNode): {}, string(cluster.KindHeartbeat): {},
	}}
	heads := m.clusterStanzas()
	m.collectMembers(heads)
	for _, s := range heads {
		m.cluster(s)
	}
	return m.clusters, m.findings
}

// clusterStanzas returns the cluster stanzas that count, and checks the spelling of all stanzas.
func (m *modeller) clusterStanzas() []*stanza {
	var heads []*stanza
	first := map[string]int{}
	for _, s := range m.stanzas {
		m.checkSpelling(s)
		if s.kind != string(cluster.KindCluster) {
			continue
		}
		name, there := m.attributeValue(s, cluster.AttributeName)
		if was, twice := first[name]; twice && there {
			at := m.attribute(s, cluster.AttributeName)
			m.add(m.valuePos(at), cluster.Violation{
				Code: CodeDuplicateCluster, Severity: cluster.SeverityError,
				Found:    fmt.Sprintf("cluster %q once more (first on line %d)", excerpt(name), was),
				Expected: "one stanza for each cluster", Mend: "rename or remove one of the two",
			})
			continue
		}
		if there {
			first[name] = m.lines[m.attribute(s, cluster.AttributeName)].number
		}
		heads = append(heads, s)
	}
	return heads
}

// checkSpelling finds stanzas and attributes that nothing reads.
func (m *modeller) checkSpelling(s *stanza) {
	known := attributeNames(s.kind)
	if known == nil {
		m.add(m.headPos(s), cluster.Violation{
			Code: CodeUnknownStanza, Severity: cluster.SeverityWarning,
			Found:    fmt.Sprintf("unknown stanza %q, which is ignored", excerpt(s.kind)),
			Expected: "cluster, node or heartbeat",
			Mend:     mendSpelling(s.kind, stanzaNames()),
		})
		return
	}
	seen := map[string]int{}
	for _, i := range s.attributes {
		if m.lines[i].valueless {
			continue // has its error of syntax
		}
		name := m.word(i)
		was, twice := seen[name]
		seen[name] = m.lines[i].number
		switch {
		case !slices.Contains(known, name):
			m.add(m.wordPos(i), cluster.Violation{
				Code: CodeUnknownAttribute, Severity: cluster.SeverityWarning,
				Found:    fmt.Sprintf("unknown attribute %q, which is ignored", excerpt(name)),
				Expected: "one of " + strings.Join(known, ", "),
				Mend:     mendSpelling(name, known),
			})
		case twice:
			m.add(m.wordPos(i), cluster.Violation{
				Code: CodeRepeatedAttribute, Severity: cluster.SeverityWarning,
				Found:    fmt.Sprintf("attribute %q once more (before on line %d); this one counts", name, was),
				Expected: "each attribute once in a stanza", Mend: "remove one of the two",
			})
		}
	}
}

func mendSpelling(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return "write " + best
	}
	return "remove it, or make it a comment"
}

// collectMembers finds the cluster of every node and heartbeat stanza.
func (m *modeller) collectMembers(heads []*stanza) {
	var names []string
	known := map[string]bool{}
	for _, s := range heads {
		if name, there := m.attributeValue(s, cluster.AttributeName); there {
			names = append(names, name)
			known[name] = true
		}
	}
	for _, s := range m.stanzas {
		of, isMember := m.members[s.kind]
		if !isMember {
			continue
		}
		at := m.attribute(s, cluster.AttributeCluster)
		switch {
		case at < 0:
			// The C tools ignore such a stanza; the README calls the attribute required.
			m.missing(s, cluster.AttributeCluster, true)
		case m.lines[at].valueless:
		case !known[m.value(at)]:
			mend := "correct the name, or add the cluster"
			if best := nearest(m.value(at), names); best != "" {
				mend = fmt.Sprintf("write %q", best)
			}
			m.add(m.valuePos(at), cluster.Violation{
				Code: CodeUnknownCluster, Severity: cluster.SeverityWarning,
				Found:    fmt.Sprintf("cluster %q, which this file does not have: the %s is ignored", excerpt(m.value(at)), s.kind),
				Expected: "the name of a cluster stanza", Mend: mend,
			})
		default:
			of[m.value(at)] = append(of[m.value(at)], s)
		}
	}
}

// cluster reads one cluster with its members and applies the rules.
func (m *modeller) cluster(s *stanza) {
	c := &cluster.Cluster{HeartbeatMode: cluster.LocalHeartbeat}
	r := clusterReader{modeller: m, cluster: c, head: s, bad: map[cluster.Subject]bool{}}
	name, there := r.text(s, cluster.Subject{Kind: cluster.KindCluster, Attribute: cluster.AttributeName})
	c.Name = name
	if there {
		r.nodes = m.members[string(cluster.KindNode)][name]
		r.regions = m.members[string(cluster.KindHeartbeat)][name]
	}
	if mode, there := m.attributeValue(s, cluster.AttributeHeartbeatMode); there {
		c.HeartbeatMode = readMode(mode)
		if mode == "" {
			c.HeartbeatMode = cluster.LocalHeartbeat
			m.emptyMode(s)
		}
	}
	for i, n := range r.nodes {
		r.node(i, n)
	}
	for i, h := range r.regions {
		region, _ := r.text(h, cluster.Subject{Kind: cluster.KindHeartbeat, Index: i, Attribute: cluster.AttributeRegion})
		c.Regions = append(c.Regions, cluster.Region{Name: region})
	}
	r.nodeCount()
	r.check()
	m.clusters = append(m.clusters, c)
}

// readMode knows the two modes in whatever case, as the C tools do.
func readMode(text string) cluster.HeartbeatMode {
	for _, mode := range []cluster.HeartbeatMode{cluster.LocalHeartbeat, cluster.GlobalHeartbeat} {
		if strings.EqualFold(text, string(mode)) {
			return mode
		}
	}
	return cluster.HeartbeatMode(text)
}

// emptyMode reports a mode of no bytes: to the model it is the default, to the C tools an error.
func (m *modeller) emptyMode(s *stanza) {
	if at := m.attribute(s, cluster.AttributeHeartbeatMode); !m.lines[at].valueless {
		m.add(m.valuePos(at), cluster.Violation{
			Code: cluster.CodeHeartbeatMode, Severity: cluster.SeverityError,
			Found: "an empty heartbeat mode", Expected: "local or global", Mend: "write local, or remove the line",
		})
	}
}

// clusterReader reads the attributes of one cluster.
type clusterReader struct {
	*modeller
	cluster *cluster.Cluster
	head    *stanza
	nodes   []*stanza
	regions []*stanza
	bad     map[cluster.Subject]bool // has been reported; the rules need not look at it
}

func (r *clusterReader) node(i int, s *stanza) {
	subject := func(attribute string) cluster.Subject {
		return cluster.Subject{Kind: cluster.KindNode, Index: i, Attribute: attribute}
	}
	n := cluster.Node{}
	n.Name, _ = r.text(s, subject(cluster.AttributeName))
	n.Number = r.number(s, subject(cluster.AttributeNumber), maxCNumber)
	n.Port = r.number(s, subject(cluster.AttributePort), math.MaxUint32)
	n.Address = r.address(s, subject(cluster.AttributeAddress))
	r.cluster.Nodes = append(r.cluster.Nodes, n)
}

// text reads a required attribute.
func (r *clusterReader) text(s *stanza, subject cluster.Subject) (string, bool) {
	at := r.attribute(s, subject.Attribute)
	switch {
	case at < 0:
		r.missing(s, subject.Attribute, false)
	case !r.lines[at].valueless:
		return r.value(at), true
	}
	r.bad[subject] = true
	return "", false
}

// number reads a required number; -1 when there is none.
func (r *clusterReader) number(s *stanza, subject cluster.Subject, most uint64) int {
	text, there := r.text(s, subject)
	if !there {
		return -1
	}
	n, err := parseNumber(text, most)
	if err != nil {
		r.bad[subject] = true
		r.notANumber(s, subject.Attribute, text, err)
		return -1
	}
	return int(n)
}

func (r *clusterReader) address(s *stanza, subject cluster.Subject) netip.Addr {
	text, there := r.text(s, subject)
	if !there {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		r.bad[subject] = true
		r.add(r.valuePos(r.attribute(s, subject.Attribute)), cluster.Violation{
			Code: CodeAddressSyntax, Severity: cluster.SeverityError,
			Found:    fmt.Sprintf("address %q", excerpt(text)),
			Expected: "four numbers from 0 to 255 without leading zeros, such as 192.168.0.7",
			Mend:     "write the address itself: host names are not looked up",
		})
	}
	return address
}

// nodeCount compares node_count with the nodes.
func (r *clusterReader) nodeCount() {
	subject := cluster.Subject{Kind: cluster.KindCluster, Attribute: cluster.AttributeNodeCount}
	text, there := r.text(r.head, subject)
	if !there {
		return
	}
	stated, err := parseNumber(text, math.MaxUint32)
	if err != nil {
		r.notANumber(r.head, subject.Attribute, text, err)
		return
	}
	for _, v := range cluster.CheckNodeCount(stated, len(r.nodes)) {
		r.add(r.subjectPos(v.Subject), v)
	}
}

func (r *clusterReader) notANumber(s *stanza, attribute, text string, err error) {
	v := cluster.Violation{
		Code: CodeNumberSyntax, Severity: cluster.SeverityError,
		Found:    fmt.Sprintf("%s %q, which is no decimal number", attribute, excerpt(text)),
		Expected: "decimal digits", Mend: "write the number in decimal digits",
	}
	if errors.Is(err, errOutOfRange) {
		v.Code = CodeNumberTooLarge
		v.Found = fmt.Sprintf("%s %q, which the C tools cannot hold", attribute, excerpt(text))
		v.Expected, v.Mend = "a smaller number that is not negative", "correct the number"
	}
	r.add(r.valuePos(r.attribute(s, attribute)), v)
}

// check applies the rules of package cluster to what could be read.
func (r *clusterReader) check() {
	for _, v := range r.cluster.Check() {
		if r.bad[v.Subject] {
			continue
		}
		if v.First != nil {
			v.Found = fmt.Sprintf("%s (first on line %d)", v.Found, r.subjectPos(*v.First).Line)
		}
		r.add(r.subjectPos(v.Subject), v)
	}
}

// subjectPos returns the place of an attribute's value; of its stanza when it has none.
func (r *clusterReader) subjectPos(subject cluster.Subject) Pos {
	s := r.head
	switch subject.Kind {
	case cluster.KindNode:
		s = r.nodes[subject.Index]
	case cluster.KindHeartbeat:
		s = r.regions[subject.Index]
	}
	if at := r.attribute(s, subject.Attribute); at >= 0 {
		return r.valuePos(at)
	}
	return r.headPos(s)
}

// missing reports a required attribute that a stanza lacks, at the stanza's head.
func (m *modeller) missing(s *stanza, attribute string, permissible bool) {
	m.add(m.headPos(s), cluster.Violation{
		Code: CodeMissingAttribute, Severity: cluster.SeverityError, Permissible: permissible,
		Found:    fmt.Sprintf("a %s without %s", s.kind, attribute),
		Expected: "each of " + strings.Join(required(s.kind), ", "),
		Mend:     fmt.Sprintf("add %s = VALUE", attribute),
	})
}

// required returns the attributes that a stanza must have: all but heartbeat_mode. README.O2CB of ocfs2-tools.
func required(kind string) []string {
	return slices.DeleteFunc(attributeNames(kind), func(name string) bool { return name == cluster.AttributeHeartbeatMode })
}

func (m *modeller) add(at Pos, v cluster.Violation) {
	m.findings = append(m.findings, Finding{
		Pos: at, Severity: v.Severity, Code: v.Code,
		Found: v.Found, Expected: v.Expected, Mend: v.Mend, Permissible: v.Permissible,
	})
}

func (m *modeller) headPos(s *stanza) Pos { return m.wordPos(s.head) }

func (m *modeller) wordPos(i int) Pos { return m.offsetPos(i, m.lines[i].wordStart) }

func (m *modeller) valuePos(i int) Pos { return m.offsetPos(i, m.lines[i].valueStart) }

// offsetPos returns the place of an offset on the first line of a logical line.
func (m *modeller) offsetPos(i, offset int) Pos {
	return Pos{File: m.name, Line: m.lines[i].number, Column: offset - m.lines[i].start + 1}
}
