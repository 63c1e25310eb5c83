// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

func TestPrintPeers(t *testing.T) {
	unknown := libo2cb.Peer{Name: "c", State: libo2cb.PeerUnknown, Reason: "nobody knows"}
	threshold := libo2cb.Peer{Name: "beta", State: libo2cb.PeerDiffers, Differences: []peers.Difference{
		{Setting: "dead_threshold", Own: "31", Theirs: "61"}, {Setting: "nodes", Own: "2 nodes (a)", Theirs: "3 nodes (b)"}}}
	logged := threshold
	logged.Differences, logged.Reason = threshold.Differences[:1], "the kernel's log: words"
	for name, tt := range map[string]struct {
		report *libo2cb.PeerReport
		want   string
	}{
		"not asked": {nil, ""},
		"alone":     {&libo2cb.PeerReport{Published: true}, ""},
		"nothing known": {&libo2cb.PeerReport{Reason: "no heartbeat", Peers: []libo2cb.Peer{unknown, unknown}},
			"Other nodes\tconfiguration unknown: no heartbeat\n"},
		"each": {&libo2cb.PeerReport{Published: true, Peers: []libo2cb.Peer{{Name: "a", State: libo2cb.PeerSame}, threshold, unknown}},
			"Compared\ta     same configuration\n" +
				"Compared\tbeta  differs: dead_threshold is 61 there and 31 here; nodes is 3 nodes (b) there and 2 nodes (a) here\n" +
				"Compared\tc     unknown: nobody knows\n"},
		"from the log": {&libo2cb.PeerReport{Reason: "one cannot connect", Peers: []libo2cb.Peer{logged}},
			"Compared\tbeta  differs: dead_threshold is 61 there and 31 here (the kernel's log: words)\n"},
	} {
		var out strings.Builder
		printPeers(&out, tt.report)
		if out.String() != tt.want {
			t.Errorf("%s: %q, want %q", name, out.String(), tt.want)
		}
	}
}
