// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

func (o *o2cb) listClusters(context.Context) error {
	f, err := o.load()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(o.std.out)
	for _, c := range f.Clusters() {
		fmt.Fprintln(w, c.Name)
	}
	return w.Flush()
}

// The formats of the C program: one line an object, or a stanza.
const (
	onelineRegion  = "heartbeat: %s %s\n"
	onelineNode    = "node: %d %s %s:%d %s\n"
	onelineCluster = "cluster: %d %s %s\n"
	stanzaRegion   = "heartbeat:\n\tregion = %s\n\tcluster = %s\n\n"
	stanzaNode     = "node:\n\tnumber = %d\n\tname = %s\n\tip_address = %s\n\tip_port = %d\n\tcluster = %s\n\n"
	stanzaCluster  = "cluster:\n\tnode_count = %d\n\theartbeat_mode = %s\n\tname = %s\n\n"
)

// listObjects is list-cluster, list-nodes and list-heartbeats.
func (o *o2cb) listObjects(context.Context) error {
	options, operands, err := getopt(o.args, "", map[string]bool{"oneline": false})
	if err != nil {
		return fmt.Errorf("%w: %w", errO2CBUsage, err)
	}
	o.args = operands
	if len(operands) == 0 {
		return errO2CBUsage
	}
	f, err := o.load()
	if err != nil {
		return err
	}
	c := f.Cluster(operands[0])
	if c == nil {
		return fmt.Errorf("unknown cluster '%s'", operands[0])
	}
	region, node, whole := stanzaRegion, stanzaNode, stanzaCluster
	if len(options) > 0 {
		region, node, whole = onelineRegion, onelineNode, onelineCluster
	}
	w := bufio.NewWriter(o.std.out)
	if o.verb.name != "list-nodes" {
		listRegions(w, region, c)
	}
	if o.verb.name != "list-heartbeats" {
		listNodes(w, node, c)
	}
	if o.verb.name == "list-cluster" {
		fmt.Fprintf(w, whole, len(c.Nodes), c.Mode(), c.Name)
	}
	return w.Flush()
}

func listRegions(w io.Writer, format string, c *cluster.Cluster) {
	for _, r := range c.Regions {
		fmt.Fprintf(w, format, r.Name, c.Name)
	}
}

func listNodes(w io.Writer, format string, c *cluster.Cluster) {
	for _, n := range c.Nodes {
		fmt.Fprintf(w, format, n.Number, n.Name, n.Address, n.Port, c.Name)
	}
}
