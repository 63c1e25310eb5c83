// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

func (o *o2cb) addCluster(ctx context.Context) error {
	name, err := o.argument(0)
	if err != nil {
		return err
	}
	if err := checkNewCluster(name); err != nil {
		return err
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.AddCluster(name) })
	if err == nil {
		o.say("Added cluster '%s'", name)
	}
	return err
}

// checkNewCluster applies the C program's rule for the name of a new cluster.
func checkNewCluster(name string) error {
	alphanumeric := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	switch {
	case name == "":
		return errors.New("cluster name is invalid ; zero length")
	case len(name) > cluster.MaxClusterName:
		return fmt.Errorf("cluster name is invalid ; max %d characters", cluster.MaxClusterName)
	case strings.ContainsFunc(name, func(r rune) bool { return !alphanumeric(r) }):
		return errors.New("cluster name is invalid ; only alpha-numeric characters allowed")
	}
	return nil
}

func (o *o2cb) removeCluster(ctx context.Context) error {
	name, err := o.argument(0)
	if err != nil {
		return err
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.RemoveCluster(name) })
	if err == nil {
		o.say("Removed cluster '%s'", name)
	}
	return err
}

// newNode is what add-node is told of the node.
type newNode struct{ ip, port, number string }

func (o *o2cb) addNode(ctx context.Context) error {
	var told newNode
	options, operands, err := getopt(o.args, "", map[string]bool{"ip": true, "port": true, "number": true})
	if err != nil {
		return fmt.Errorf("%w: %w", errO2CBUsage, err)
	}
	for _, each := range options {
		switch each.name {
		case "ip":
			told.ip = each.value
		case "port":
			told.port, err = decimal("port", each.value)
		case "number":
			told.number, err = decimal("node", each.value)
		}
		if err != nil {
			return err
		}
	}
	o.args = operands
	of, name, err := o.arguments()
	if err != nil {
		return err
	}
	if name == "" {
		return fmt.Errorf("%w: node name cannot be zero length", errO2CBUsage)
	}
	f, err := o.load()
	if err != nil {
		return err
	}
	if f.Cluster(of) == nil {
		return fmt.Errorf("unknown cluster '%s'", of)
	}
	// Before the lock is taken: a name server may take its time.
	address, err := told.address(ctx, name)
	if err != nil {
		return err
	}
	var n cluster.Node
	err = o.edit(ctx, func(f *conf.File) error {
		in := f.Cluster(of)
		if in == nil {
			return fmt.Errorf("unknown cluster '%s'", of)
		}
		var err error
		if n, err = told.node(in, name, address); err != nil {
			return err
		}
		return f.AddNode(of, n)
	})
	if err == nil {
		o.say("Added node '%s' in cluster '%s' having ip '%s', port '%d' and number '%d'", n.Name, of, n.Address, n.Port, n.Number)
	}
	return err
}

// decimal refuses what the C program reads as something else than it looks like:
// 010 as 8, 4294967299 as 3, -1 and nothing at all as a number of its own choice.
func decimal(what, text string) (string, error) {
	if n, err := strconv.ParseUint(text, 10, 31); err != nil || strconv.FormatUint(n, 10) != text {
		return "", fmt.Errorf("%w: invalid %s number '%s': decimal digits without a leading 0", errO2CBUsage, what, text)
	}
	return text, nil
}

// address returns the address that is told, or the first one that the name has.
func (t newNode) address(ctx context.Context, name string) (netip.Addr, error) {
	if t.ip != "" {
		address, err := netip.ParseAddr(t.ip)
		if err != nil || !address.Is4() {
			return address, fmt.Errorf("bad IP Address '%s'", t.ip)
		}
		return address, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%w, while looking up the IP address for '%s'; say --ip", err, name)
	}
	return found[0].Unmap(), nil
}

// node fills in what is not told.
func (t newNode) node(in *cluster.Cluster, name string, address netip.Addr) (cluster.Node, error) {
	n := cluster.Node{Name: name, Address: address, Port: cluster.DefaultPort}
	if t.number == "" {
		number, free := in.FreeNumber()
		if !free {
			return n, errors.New("cluster is full - No more nodes can be added to it")
		}
		n.Number = number
	} else {
		n.Number, _ = strconv.Atoi(t.number)
		switch {
		case n.Number > cluster.MaxNodeNumber:
			return n, fmt.Errorf("nodenum should be >=0 and < %d but is %d", cluster.MaxNodes, n.Number)
		case taken(in, n.Number):
			return n, fmt.Errorf("choose another node number as '%d' is in use", n.Number)
		}
	}
	if t.port != "" {
		n.Port, _ = strconv.Atoi(t.port)
	}
	return n, nil
}

func (o *o2cb) removeNode(ctx context.Context) error {
	of, name, err := o.arguments()
	if err != nil {
		return err
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.RemoveNode(of, name) })
	if err == nil {
		o.say("Removed node '%s' from cluster '%s'", name, of)
	}
	return err
}

func (o *o2cb) addHeartbeat(ctx context.Context) error {
	of, target, err := o.arguments()
	if err != nil {
		return err
	}
	region, err := o.checkedRegion(ctx, of, target)
	if err != nil {
		return fmt.Errorf("%w, while reading region on device '%s'", err, target)
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.AddRegion(of, region) })
	if err == nil {
		o.say("Added heartbeat region '%s' to cluster '%s'", region, of)
	}
	return err
}

func (o *o2cb) removeHeartbeat(ctx context.Context) error {
	of, target, err := o.arguments()
	if err != nil {
		return err
	}
	f, err := o.load()
	if err != nil {
		return err
	}
	region := target
	// A region that stands in the file under that very name needs no device.
	if in := f.Cluster(of); in == nil || !hasRegion(in, target) {
		if region, err = o.regionOf(ctx, target); err != nil {
			return fmt.Errorf("%w, while reading region on device '%s'", err, target)
		}
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.RemoveRegion(of, region) })
	if err == nil {
		o.say("Removed heartbeat region '%s' from cluster '%s'", target, of)
	}
	return err
}

func hasRegion(c *cluster.Cluster, name string) bool {
	for _, r := range c.Regions {
		if r.Name == name {
			return true
		}
	}
	return false
}

func (o *o2cb) heartbeatMode(ctx context.Context) error {
	of, text, err := o.arguments()
	if err != nil {
		return err
	}
	mode := cluster.HeartbeatMode(text)
	if mode != cluster.LocalHeartbeat && mode != cluster.GlobalHeartbeat {
		return errO2CBUsage
	}
	err = o.edit(ctx, func(f *conf.File) error { return f.SetHeartbeatMode(of, mode) })
	if err == nil {
		o.say("Set the heartbeat mode of cluster '%s' to '%s'", of, mode)
	}
	return err
}
