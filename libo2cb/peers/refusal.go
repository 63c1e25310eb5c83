// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Refusal is why the kernel of one node keeps another one out. It compares the
// timeouts of nodes that want to connect, and the node lists and, in global mode,
// the regions of those that join a lock domain, and tells nobody but its log.
type Refusal struct {
	Node        int
	Setting     string // a Setting; empty where the two cannot connect for another reason
	Own, Theirs string // the values where the kernel logs them
	Text        string // what it logged, or ours for a bare number
	// At is when it was logged, since the start of the kernel.
	At time.Duration
	// Connected is false for a node that is not even let to connect: while it is
	// alive no node can join a domain.
	Connected bool
}

// LogLine is a line of the kernel log.
type LogLine struct {
	At   time.Duration // since the start of the kernel
	Text string
}

// Refusals returns what the kernel log, oldest line first, says of nodes that
// this one refused or was refused by, and that were not let in later; one for
// each node and setting, by node.
//
// o2net_check_handshake and o2net_connect_expired in fs/ocfs2/cluster/tcp.c; o2hb_check_slot in
// fs/ocfs2/cluster/heartbeat.c; dlm_match_nodes, dlm_match_regions,
// dlm_send_nodeinfo and dlm_send_regions in fs/ocfs2/dlm/dlmdomain.c.
func Refusals(log []LogLine) []Refusal {
	var found []Refusal
	drop := func(unwanted func(Refusal) bool) { found = slices.DeleteFunc(found, unwanted) }
	for _, line := range log {
		if node, ok := connected(line.Text); ok {
			drop(func(r Refusal) bool { return r.Node == node && !r.Connected })
		} else if node, ok := letIn(line.Text); ok {
			drop(func(r Refusal) bool { return r.Node == node && r.Connected })
		} else if strings.Contains(line.Text, "o2dlm: Joining domain ") { // this node was let in
			drop(func(r Refusal) bool { return r.Connected })
		} else if r, ok := refusal(line.Text); ok {
			r.At = line.At
			drop(func(old Refusal) bool { return old.Node == r.Node && old.Setting == r.Setting })
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b Refusal) int { return cmp.Compare(a.Node, b.Node) })
	return found
}

// refusal recognises a line that tells of one.
func refusal(line string) (Refusal, bool) {
	for _, recognise := range []func(string) (Refusal, bool){handshake, deadCount, unreachable, joiner, mismatch} {
		if r, ok := recognise(line); ok {
			return r, true
		}
	}
	return Refusal{}, false
}

// beatMS is the time between two heartbeats. O2HB_REGION_TIMEOUT_MS in
// fs/ocfs2/cluster/ocfs2_heartbeat.h.
const beatMS = 2000

// handshake recognises "o2net: node b (num 1) at … uses a heartbeat timeout of
// 12000 ms, but we use 8000 ms locally.": what the kernels tell each other before
// they connect.
func handshake(line string) (Refusal, bool) {
	who, what, ok := strings.Cut(line, " uses a ")
	if !ok {
		return Refusal{}, false
	}
	node, ok1 := numberAfter(who, "(num ")
	theirs, ok2 := numberAfter(what, " of ")
	own, ok3 := numberAfter(what, " but we use ")
	r := Refusal{Node: node, Text: afterTag(line), Own: strconv.Itoa(own), Theirs: strconv.Itoa(theirs)}
	switch {
	case strings.HasPrefix(what, "network idle timeout"):
		r.Setting = string(cluster.IdleTimeout)
	case strings.HasPrefix(what, "keepalive delay"):
		r.Setting = string(cluster.KeepaliveDelay)
	case strings.HasPrefix(what, "heartbeat timeout"): // (threshold - 1) beats
		r.Setting = string(cluster.DeadThreshold)
		r.Own, r.Theirs = strconv.Itoa(own/beatMS+1), strconv.Itoa(theirs/beatMS+1)
	}
	return r, ok1 && ok2 && ok3 && r.Setting != ""
}

// deadCount recognises "Node 1 on device sda has a dead count of 14000 ms, but our
// count is 10000 ms.", which the kernel reads on the disk.
func deadCount(line string) (Refusal, bool) {
	node, ok1 := numberAfter(line, "ERROR: Node ")
	theirs, ok2 := numberAfter(line, " has a dead count of ")
	own, ok3 := numberAfter(line, "but our count is ")
	return Refusal{Node: node, Setting: string(cluster.DeadThreshold), Text: afterTag(line),
		Own: strconv.Itoa(own / beatMS), Theirs: strconv.Itoa(theirs / beatMS)}, ok1 && ok2 && ok3
}

// unreachable recognises "o2net: No connection established with node 1 after 30.0
// seconds": it is alive on the disk, and not on the network.
func unreachable(line string) (Refusal, bool) {
	node, ok := numberAfter(line, "o2net: No connection established with node ")
	return Refusal{Node: node, Text: afterTag(line)}, ok
}

// joiner recognises what the kernel logs of a node that wants to join a domain.
func joiner(line string) (Refusal, bool) {
	_, text, _ := strings.Cut(line, "Domain ")
	_, text, ok := strings.Cut(text, ": ")
	r := Refusal{Text: text, Connected: true}
	switch {
	case !ok:
	case strings.HasPrefix(text, "Node ") && strings.Contains(text, " registered in "):
		r.Setting = SettingNodes
	case strings.HasPrefix(text, "Region ") && strings.Contains(text, " registered in "):
		r.Setting = SettingRegions
	case strings.Contains(text, " has global heartbeat enabled but "):
		r.Setting = SettingMode
	}
	r.Node, ok = numberAfter(strings.ToLower(text), "joining node ")
	return r, ok && r.Setting != ""
}

// mismatch recognises what the kernel logs when another node does not let this
// one join; -22 is EINVAL.
func mismatch(line string) (Refusal, bool) {
	r := Refusal{Setting: SettingNodes, Connected: true, Text: "it did not let this node join: its node list is another"}
	node, ok := numberAfter(line, "node mismatch -22, node ")
	if !ok {
		r.Setting, r.Text = SettingRegions, "it did not let this node join: its heartbeat regions or mode are others"
		node, ok = numberAfter(line, "Region mismatch -22, node ")
	}
	r.Node = node
	return r, ok
}

// connected recognises a node that a connection stands to.
func connected(line string) (int, bool) {
	if !strings.Contains(line, "o2net: Connected to node ") && !strings.Contains(line, "o2net: Accepted connection from node ") {
		return 0, false
	}
	return numberAfter(line, "(num ")
}

// letIn recognises a node that joined a domain that this one is in.
func letIn(line string) (int, bool) {
	if !strings.Contains(line, " joins domain ") {
		return 0, false
	}
	return numberAfter(line, "o2dlm: Node ")
}

// afterTag returns what follows the kernel's "o2net: " or "(…):place ERROR: ".
func afterTag(line string) string {
	for _, tag := range []string{"o2net: ", "ERROR: "} {
		if _, text, ok := strings.Cut(line, tag); ok {
			return text
		}
	}
	return line
}

// numberAfter returns the number that follows the words.
func numberAfter(text, words string) (int, bool) {
	_, rest, ok := strings.Cut(text, words)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))])
	return n, err == nil
}
