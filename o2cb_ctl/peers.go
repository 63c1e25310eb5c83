// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// peersVerb is the hidden verb of the child process that asks the other nodes.
const peersVerb = "ask-peers"

// peerOptions has this very program ask, also when its file was replaced meanwhile.
func peerOptions() libo2cb.PeerOptions {
	return libo2cb.PeerOptions{Path: "/proc/self/exe", Args: []string{"o2cb_ctl", peersVerb}}
}

// newAskPeers makes the verb of the child process. Whoever types it gets nothing
// but an error: it wants a request on its standard input.
func newAskPeers(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:    peersVerb,
		Short:  "Ask the other nodes for their configuration (run by status and online)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			const asking, changing = 3, 4 // descriptors of lock files: peers.Asker, libo2cb.Manager.Peers
			return peers.Serve(s.std.in, s.std.out, asking, changing)
		},
	}
}

// publishAfter has the other nodes see what a verb that may have changed it left
// behind. A failure to do so is none of the verb: status shows it.
func (s *settings) publishAfter(ctx context.Context, verb string) {
	changing := []string{"o2cb_ctl online", "o2cb_ctl apply", "o2cb_ctl undo", "o2cb_ctl import", "o2cb_ctl heartbeat start", "o2cb_ctl heartbeat stop"}
	if slices.Contains(changing, verb) {
		_, _ = s.manager(false).Publish(ctx, peerOptions())
	}
}

// printPeers prints how the other nodes compare, a row each, or once why that is
// known of none.
func printPeers(w io.Writer, r *libo2cb.PeerReport) {
	if r == nil || len(r.Peers) == 0 {
		return
	}
	if r.Reason != "" && !slices.ContainsFunc(r.Peers, func(p libo2cb.Peer) bool { return p.State != libo2cb.PeerUnknown }) {
		fmt.Fprintf(w, "Other nodes\tconfiguration unknown: %s\n", r.Reason)
		return
	}
	names := 0
	for _, p := range r.Peers {
		names = max(names, len(p.Name))
	}
	for _, p := range r.Peers {
		fmt.Fprintf(w, "Compared\t%-*s  %s\n", names, p.Name, comparison(p))
	}
}

// comparison says how one node's configuration compares.
func comparison(p libo2cb.Peer) string {
	switch p.State {
	case libo2cb.PeerSame:
		return "same configuration"
	case libo2cb.PeerUnknown:
		return "unknown: " + p.Reason
	}
	parts := make([]string, len(p.Differences))
	for i, d := range p.Differences {
		parts[i] = d.String()
	}
	text := "differs: " + strings.Join(parts, "; ")
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return text
}
