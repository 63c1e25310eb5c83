// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

func newStatus(s *settings) *cobra.Command {
	var asJSON, noPeers bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what runs: stack, cluster, nodes, heartbeat, lock domains, mounts",
		Long: `status shows what the kernel has. It changes and loads nothing, and works without
privilege; who is live and who holds locks is shown as far as the caller may
see it.

As root, on a node with a heartbeat, it also compares the configuration that runs
here with those of the other nodes: layout, timeouts, and whether the file is what
runs. For that this node publishes its own in a lock domain of its own,
o2cb-peers, and is in it until it goes offline. What cannot be had within five
seconds is shown as unknown, with the reason; --no-peers leaves all of it out.

Exit status, as the LSB has it:
  0  a cluster is online on this node
  1  failure
  3  none is online`,
		Example: `  o2cb_ctl status
  o2cb_ctl status --json | jq -r '.cluster.nodes[] | select(.live == false) | .name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := s.status(cmd.Context(), !noPeers)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(s.std.out, status)
			} else {
				err = printStatus(s.std.out, status)
			}
			if err == nil && !status.Online {
				return silentError{statusOffline}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&noPeers, "no-peers", false, "do not ask the other nodes for their configuration")
	return cmd
}

// status returns what runs, and how it compares with the other nodes if asked to.
func (s *settings) status(ctx context.Context, ask bool) (libo2cb.Status, error) {
	m := s.manager(false)
	st, err := m.Status(ctx)
	if err != nil || st.Cluster == nil {
		return st, err
	}
	if s.root == "/" { // the disks are this machine's
		readBeating(ctx, st.Cluster, turnReaderOf)
	}
	if !ask {
		return st, nil
	}
	report, err := m.Peers(ctx, peerOptions())
	st.Peers = &report
	return st, err
}

// statusOffline is the LSB's status of a service that is not running.
const statusOffline = 3

// printStatus prints the status for people.
func printStatus(out io.Writer, st libo2cb.Status) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	printStack(w, st)
	if c := st.Cluster; c != nil {
		printCluster(w, c, st.Online)
		printNodes(w, c.Nodes)
		printRegions(w, c)
	} else {
		fmt.Fprintf(w, "Cluster\tnone in the kernel\n")
	}
	if st.Interrupted != nil {
		fmt.Fprintf(w, "Half done\t%s; o2cb_ctl apply goes on, o2cb_ctl undo leads back\n", st.Interrupted)
	}
	if st.DomainsChange {
		fmt.Fprintf(w, "Lock domains\tnot known: one is being joined or left\n")
	}
	printPeers(w, st.Peers)
	for _, d := range st.Domains {
		if d.Name == peers.DomainName && len(d.Holders) == 0 {
			continue // ours, and in nobody's way
		}
		fmt.Fprintf(w, "Lock domain\t%s: %s\n", d.Name, holders(d))
	}
	for _, m := range st.Mounts {
		fmt.Fprintf(w, "Mounted\t%s on %s\n", m.Source, m.Target)
	}
	return w.Flush()
}

func printStack(w io.Writer, st libo2cb.Status) {
	switch {
	case !st.Stack.Ready():
		fmt.Fprintf(w, "Stack\tnot loaded (o2cb_ctl load)\n")
	case st.Stack.DLMFS == "":
		fmt.Fprintf(w, "Stack\t%s, configfs on %s, dlmfs not mounted (o2cb_ctl load)\n", st.Stack.ClusterStack, st.Stack.ConfigFS)
	default:
		fmt.Fprintf(w, "Stack\t%s, configfs on %s, dlmfs on %s\n", st.Stack.ClusterStack, st.Stack.ConfigFS, st.Stack.DLMFS)
	}
}

func printCluster(w io.Writer, c *libo2cb.ClusterStatus, online bool) {
	state := "online"
	if !online {
		state = "offline"
	}
	fmt.Fprintf(w, "Cluster\t%s, %s, %s heartbeat\n", c.Name, state, c.HeartbeatMode)
	t := c.Timing
	fmt.Fprintf(w, "Timing\ta node counts as dead after %d s without heartbeat, a connection after %d ms of silence\n",
		t.DeadTimeS, t.IdleTimeoutMS)
}

// printNodes prints a row for each node, its parts aligned among themselves.
func printNodes(w io.Writer, nodes []libo2cb.NodeStatus) {
	names, addresses := 0, 0
	for _, n := range nodes {
		names = max(names, len(n.Name))
		addresses = max(addresses, len(endpoint(n)))
	}
	unknown := false
	for _, n := range nodes {
		row := fmt.Sprintf("%-*s  %-*s  %s", names, n.Name, addresses, endpoint(n), strings.Join(facts(n), ", "))
		fmt.Fprintf(w, "Node %d\t%s\n", n.Number, strings.TrimRight(row, " "))
		unknown = unknown || n.Live == nil
	}
	if unknown {
		fmt.Fprintf(w, "\twho is live is not known: root sees it\n")
	}
}

func endpoint(n libo2cb.NodeStatus) string { return fmt.Sprintf("%s:%d", n.Address, n.Port) }

// facts says what is known of a node.
func facts(n libo2cb.NodeStatus) []string {
	var words []string
	if n.Local {
		words = append(words, "this host")
	}
	for _, word := range []string{known(n.Live, "live", "no heartbeat"), known(n.Connected, "connected", "not connected")} {
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}

func known(fact *bool, yes, no string) string {
	switch {
	case fact == nil:
		return ""
	case *fact:
		return yes
	default:
		return no
	}
}

func printRegions(w io.Writer, c *libo2cb.ClusterStatus) {
	if len(c.Regions) == 0 {
		fmt.Fprintf(w, "Heartbeat\tno region runs\n")
	}
	for _, r := range c.Regions {
		fmt.Fprintf(w, "Heartbeat\t%s on %s\n", r.Name, deviceOf(r))
	}
}

func deviceOf(r libo2cb.RegionStatus) string {
	if r.Device == "" {
		return "no device yet"
	}
	if r.Beating == nil {
		return r.Device
	}
	return fmt.Sprintf("%s, nodes %s beat there", r.Device, strings.Trim(fmt.Sprint(r.Beating), "[]"))
}

func holders(d libo2cb.Domain) string {
	if len(d.Holders) == 0 {
		return "joined, no lock open that may be seen here"
	}
	names := make([]string, len(d.Holders))
	for i, h := range d.Holders {
		names[i] = h.String()
	}
	return strings.Join(names, ", ")
}
