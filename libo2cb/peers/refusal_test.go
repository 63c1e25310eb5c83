// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"slices"
	"testing"
	"time"
)

// Lines of a 6.1 kernel; those with a region are made after its source.
const (
	idleLine      = "o2net: node node1 (num 1) at 10.9.0.2:7777 uses a network idle timeout of 60000 ms, but we use 30000 ms locally. Disconnecting."
	keepaliveLine = "o2net: node node1 (num 1) at 10.9.0.2:7777 uses a keepalive delay of 5000 ms, but we use 2000 ms locally. Disconnecting."
	heartbeatLine = "o2net: node node1 (num 1) at 10.9.0.2:7777 uses a heartbeat timeout of 12000 ms, but we use 8000 ms locally. Disconnecting."
	diskLine      = "(o2hb-90189E60B8,725,0):o2hb_check_slot:1002 ERROR: Node 1 on device ubda has a dead count of 14000 ms, but our count is 10000 ms."
	silentLine    = "o2net: No connection established with node 1 after 4.0 seconds, check network and cluster configuration."
	hereLine      = "(kworker/u2:2,25,0):dlm_match_nodes:1198 ERROR: Domain o2cb-peers: Node 9 (10.9.0.9:7777) registered in joining node 1 but not in local node 0"
	regionLine    = "(kworker/u2:2,25,0):dlm_match_regions:1011 ERROR: Domain d: Region 'AB' registered in local node 0 but not in joining node 1"
	modeLine      = "(kworker/u2:2,25,0):dlm_match_regions:967 ERROR: Domain d: Joining node 1 has global heartbeat enabled but local node 0 does not"
	thereLine     = "(mkdir,730,0):dlm_send_nodeinfo:1270 ERROR: node mismatch -22, node 1"
	thereRegion   = "(mkdir,730,0):dlm_send_regions:1100 ERROR: Region mismatch -22, node 1"
	connectedLine = "o2net: Connected to node node1 (num 1) at 10.9.0.2:7777"
	acceptedLine  = "o2net: Accepted connection from node node1 (num 1) at 10.9.0.2:7777"
	letInLine     = "o2dlm: Node 1 joins domain o2cb-peers "
	joinedLine    = "o2dlm: Joining domain o2cb-peers "
	otherLine     = "o2net: Connected to node node2 (num 2) at 10.9.0.3:7777"
)

func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		want  []Refusal // without text and time
	}{
		"nothing":           {[]string{"", "usb 1-1: uses a lot of power", "node mismatch -107, node 1"}, nil},
		"idle timeout":      {[]string{idleLine}, []Refusal{{Node: 1, Setting: "idle_timeout_ms", Own: "30000", Theirs: "60000"}}},
		"keepalive delay":   {[]string{keepaliveLine}, []Refusal{{Node: 1, Setting: "keepalive_delay_ms", Own: "2000", Theirs: "5000"}}},
		"heartbeat timeout": {[]string{heartbeatLine}, []Refusal{{Node: 1, Setting: "dead_threshold", Own: "5", Theirs: "7"}}},
		"the same on disk":  {[]string{heartbeatLine, diskLine}, []Refusal{{Node: 1, Setting: "dead_threshold", Own: "5", Theirs: "7"}}},
		"no connection":     {[]string{silentLine}, []Refusal{{Node: 1}}},
		"node list here":    {[]string{hereLine}, []Refusal{{Node: 1, Setting: "nodes", Connected: true}}},
		"regions here":      {[]string{regionLine}, []Refusal{{Node: 1, Setting: "regions", Connected: true}}},
		"mode here":         {[]string{modeLine}, []Refusal{{Node: 1, Setting: "heartbeat_mode", Connected: true}}},
		"node list there":   {[]string{thereLine}, []Refusal{{Node: 1, Setting: "nodes", Connected: true}}},
		"regions there":     {[]string{thereRegion}, []Refusal{{Node: 1, Setting: "regions", Connected: true}}},
		"two settings":      {[]string{keepaliveLine, diskLine}, []Refusal{{Node: 1, Setting: "keepalive_delay_ms", Own: "2000", Theirs: "5000"}, {Node: 1, Setting: "dead_threshold", Own: "5", Theirs: "7"}}},
		"connected later":   {[]string{heartbeatLine, diskLine, silentLine, connectedLine}, nil},
		"accepted later":    {[]string{heartbeatLine, acceptedLine}, nil},
		"another connected": {[]string{keepaliveLine, otherLine}, []Refusal{{Node: 1, Setting: "keepalive_delay_ms", Own: "2000", Theirs: "5000"}}},
		"let in later":      {[]string{hereLine, regionLine, letInLine}, nil},
		"joined later":      {[]string{thereLine, joinedLine}, nil},
		"refused again":     {[]string{hereLine, letInLine, hereLine}, []Refusal{{Node: 1, Setting: "nodes", Connected: true}}},
		"connected, not in": {[]string{connectedLine, hereLine, connectedLine}, []Refusal{{Node: 1, Setting: "nodes", Connected: true}}},
	} {
		var log []LogLine
		for i, line := range tt.lines {
			log = append(log, LogLine{At: time.Duration(i) * time.Second, Text: line})
		}
		got := Refusals(log)
		for i := range got {
			if got[i].Text == "" {
				t.Errorf("%s: no text", name)
			}
			got[i].Text, got[i].At = "", 0
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// The last of several lines counts.
func TestRefusalIsTheLast(t *testing.T) {
	got := Refusals([]LogLine{{time.Second, heartbeatLine}, {time.Minute, heartbeatLine}})
	if len(got) != 1 || got[0].At != time.Minute || got[0].Text != heartbeatLine[len("o2net: "):] {
		t.Errorf("%+v", got)
	}
}
