// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// What -I says of an object. The C program says configured, always.
const (
	statusConfigured = "configured" // in the file only
	statusRegistered = "registered" // in the kernel as well
	statusOnline     = "online"     // a registered cluster that works: see "o2cb cluster-status"
	statusDiffers    = "differs"    // a node that the kernel has with other values
)

// object is a cluster, a node or a heartbeat region of the file.
type object struct {
	kind    cluster.Kind
	cluster *cluster.Cluster
	node    *cluster.Node   // of a node
	region  *cluster.Region // of a region
}

// record is what -I tells of an object, by attribute, in the order of the C program.
type record struct {
	kind   cluster.Kind
	fields []field
	online bool
}

type field struct{ name, value string }

// describe makes the record of an object. kernel is the registered cluster, or nil.
func (o object) describe(kernel *cluster.Cluster) record {
	if kernel != nil && kernel.Name != o.cluster.Name {
		kernel = nil
	}
	switch o.kind {
	case cluster.KindNode:
		return record{kind: o.kind, fields: []field{
			{cluster.AttributeName, o.node.Name},
			{cluster.AttributeCluster, o.cluster.Name},
			{cluster.AttributeNumber, strconv.Itoa(o.node.Number)},
			{cluster.AttributeAddress, o.node.Address.String()},
			{cluster.AttributePort, strconv.Itoa(o.node.Port)},
			{attributeStatus, nodeStatus(*o.node, kernel)},
		}}
	case cluster.KindHeartbeat:
		return record{kind: o.kind, fields: []field{
			{cluster.AttributeRegion, o.region.Name},
			{cluster.AttributeCluster, o.cluster.Name},
			{attributeStatus, regionStatus(*o.region, kernel)},
		}}
	}
	status := clusterStatus(kernel)
	return record{kind: o.kind, online: status == statusOnline, fields: []field{
		{cluster.AttributeName, o.cluster.Name},
		{cluster.AttributeNodeCount, strconv.Itoa(len(o.cluster.Nodes))},
		{attributeStatus, status},
	}}
}

func clusterStatus(kernel *cluster.Cluster) string {
	switch {
	case kernel == nil:
		return statusConfigured
	case hasLocalNode(kernel) && (kernel.Mode() == cluster.LocalHeartbeat || len(kernel.Regions) > 0):
		return statusOnline
	}
	return statusRegistered
}

func hasLocalNode(c *cluster.Cluster) bool {
	return slices.ContainsFunc(c.Nodes, func(n cluster.Node) bool { return n.Local })
}

func nodeStatus(n cluster.Node, kernel *cluster.Cluster) string {
	if kernel == nil || kernel.Node(n.Name) == nil {
		return statusConfigured
	}
	there := *kernel.Node(n.Name)
	there.Local = n.Local
	if there != n {
		return statusDiffers
	}
	return statusRegistered
}

func regionStatus(r cluster.Region, kernel *cluster.Cluster) string {
	if kernel != nil && slices.ContainsFunc(kernel.Regions, func(k cluster.Region) bool { return k.Name == r.Name }) {
		return statusRegistered
	}
	return statusConfigured
}

// value returns the value of an attribute.
func (r record) value(name string) string {
	for _, f := range r.fields {
		if f.name == name {
			return f.value
		}
	}
	if name == attributeOnline {
		return strconv.FormatBool(r.online)
	}
	return ""
}

// only returns the record with no other attributes than the listed ones; whole
// when none is listed.
func (r record) only(listed []string) record {
	if len(listed) == 0 {
		return r
	}
	chosen := record{kind: r.kind, online: r.online}
	for _, f := range r.fields {
		if slices.Contains(listed, f.name) {
			chosen.fields = append(chosen.fields, f)
		}
	}
	if slices.Contains(listed, attributeOnline) {
		chosen.fields = append(chosen.fields, field{attributeOnline, r.value(attributeOnline)})
	}
	return chosen
}

// printVerbose prints a record as a stanza, for people.
func (r record) printVerbose(w io.Writer) {
	fmt.Fprintf(w, "%s:\n", r.kind)
	for _, f := range r.fields {
		fmt.Fprintf(w, "\t%s = %s\n", f.name, f.value)
	}
	fmt.Fprintln(w)
}

// header is the line above the compact records of a kind.
func (r record) header() string {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.name
		if r.kind == cluster.KindCluster && f.name == cluster.AttributeNodeCount {
			names[i] = "count"
		}
	}
	return "#" + strings.Join(names, ":")
}

// printCompact prints a record on one line, for programs.
func (r record) printCompact(w io.Writer) {
	values := make([]string, len(r.fields))
	for i, f := range r.fields {
		values[i] = f.value
	}
	fmt.Fprintln(w, strings.Join(values, ":"))
}
