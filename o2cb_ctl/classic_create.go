// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// create is -C: it adds objects to the file and, with -i, to the running kernel.
func (c *classic) create(ctx context.Context) error {
	if c.kind == "" || len(c.objects) == 0 {
		return refusalf(syscall.EINVAL, "operation '-C' requires an object and an object type")
	}
	if err := c.attributes.check(c.kind); err != nil {
		return err
	}
	switch c.kind {
	case cluster.KindNode:
		return c.createNode(ctx)
	case cluster.KindHeartbeat:
		return c.createRegions(ctx)
	}
	return c.createClusters(ctx)
}

// createClusters adds clusters, all or none. Attributes are ignored, as ever.
func (c *classic) createClusters(ctx context.Context) error {
	add := func(f *conf.File) error {
		for _, name := range c.objects {
			if err := f.AddCluster(name); err != nil {
				return err
			}
		}
		return nil
	}
	if !c.flags["i"] {
		return c.edit(ctx, add)
	}
	if len(c.objects) > 1 {
		return refusalf(syscall.EINVAL, "the kernel carries one cluster: -i takes one -n")
	}
	f, err := c.load()
	if err != nil {
		return err
	}
	if err := add(f); err != nil {
		return err
	}
	return c.kernelWith(ctx, f, func(m *libo2cb.Manager, save func() error) error {
		steps, err := m.CreateCluster(ctx, c.objects[0], save)
		if len(steps) > 0 {
			fmt.Fprintf(c.std.out, "Cluster %s created\n", c.objects[0])
		}
		return inKernel(err)
	})
}

// inKernel gives a refused change of the kernel the status of the C program,
// which tells nothing but that.
func inKernel(err error) error {
	var other *plan.OtherClusterError
	var offline *libo2cb.NotOnlineError
	if errors.As(err, &other) || errors.As(err, &offline) {
		return refusal{syscall.EIO, err}
	}
	return err
}

// createNode adds one node.
func (c *classic) createNode(ctx context.Context) error {
	if len(c.objects) > 1 {
		return refusalf(syscall.EINVAL, "cannot create more than one node at a time")
	}
	for _, name := range []string{cluster.AttributeCluster, cluster.AttributeAddress, cluster.AttributePort} {
		if c.attributes.value(name) == "" {
			return refusalf(syscall.EINVAL, "%q attribute required to create a node", name)
		}
	}
	of := c.attributes.value(cluster.AttributeCluster)
	add := func(f *conf.File) (cluster.Node, error) {
		n, err := c.newNode(f, of)
		if err != nil {
			return n, err
		}
		return n, f.AddNode(of, n)
	}
	if !c.flags["i"] {
		return c.edit(ctx, func(f *conf.File) error { _, err := add(f); return err })
	}
	f, err := c.load()
	if err != nil {
		return err
	}
	n, err := add(f)
	if err != nil {
		return err
	}
	return c.kernelWith(ctx, f, func(m *libo2cb.Manager, save func() error) error {
		steps, err := m.AddNode(ctx, of, n, save)
		if len(steps) > 0 {
			fmt.Fprintf(c.std.out, "Node %s created\n", n.Name)
		}
		return inKernel(err)
	})
}

// newNode reads the attributes of the new node, in the order of the C program.
func (c *classic) newNode(f *conf.File, of string) (cluster.Node, error) {
	n := cluster.Node{Name: c.objects[0]}
	in := f.Cluster(of)
	if in == nil {
		return n, refusalf(syscall.ENOENT, "cluster %q does not exist", of)
	}
	if in.Node(n.Name) != nil {
		return n, refusalf(syscall.EEXIST, "node %q already exists", n.Name)
	}
	address := c.attributes.value(cluster.AttributeAddress)
	var err error
	if n.Address, err = parseAddress(address); err != nil {
		return n, err
	}
	if n.Port, err = parsePort(c.attributes.value(cluster.AttributePort)); err != nil {
		return n, err
	}
	if number := c.attributes.find(cluster.AttributeNumber); number != nil && number.given {
		if n.Number, err = parseNodeNumber(number.value); err != nil {
			return n, err
		}
		if taken(in, n.Number) {
			return n, refusalf(syscall.EEXIST, "node number %d already exists", n.Number)
		}
		return n, nil
	}
	n.Number, err = nextNumber(in)
	return n, err
}

func parseAddress(text string) (netip.Addr, error) {
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		return address, refusalf(syscall.EINVAL, "IP address %q is invalid: four numbers from 0 to 255, such as 192.168.0.7", text)
	}
	return address, nil
}

func parsePort(text string) (int, error) {
	port, err := parseDecimal(text)
	if err != nil || port < cluster.MinPort || port > cluster.MaxPort {
		return 0, refusalf(syscall.ERANGE, "port number %q is invalid: %d to %d", text, cluster.MinPort, cluster.MaxPort)
	}
	return port, nil
}

func parseNodeNumber(text string) (int, error) {
	number, err := parseDecimal(text)
	if err != nil || number < 0 || number > cluster.MaxNodeNumber {
		return 0, refusalf(syscall.ERANGE, "node number %q is invalid: 0 to %d", text, cluster.MaxNodeNumber)
	}
	return number, nil
}

// parseDecimal reads a number as strtol(3) of base 10, but not an empty text for 0.
func parseDecimal(text string) (int, error) {
	return strconv.Atoi(strings.TrimLeft(text, " \t\n\v\f\r"))
}

func taken(c *cluster.Cluster, number int) bool {
	for _, n := range c.Nodes {
		if n.Number == number {
			return true
		}
	}
	return false
}

// nextNumber returns the number of a node that has none of its own: how many
// there are, as the C program, and the lowest free one if somebody has that.
func nextNumber(c *cluster.Cluster) (int, error) {
	if next := len(c.Nodes); next <= cluster.MaxNodeNumber && !taken(c, next) {
		return next, nil
	}
	number, free := c.FreeNumber()
	if !free {
		return 0, refusalf(syscall.ENOSPC, "cluster %q is full: it has %d nodes", c.Name, len(c.Nodes))
	}
	return number, nil
}

// createRegions adds heartbeat regions to the file, all or none. Each is a UUID or
// the device of a volume. With -i it is started as well, in a cluster whose
// heartbeat is global.
func (c *classic) createRegions(ctx context.Context) error {
	of := c.attributes.value(cluster.AttributeCluster)
	if of == "" {
		return refusalf(syscall.EINVAL, "%q attribute required to create a heartbeat region", cluster.AttributeCluster)
	}
	var regions []string
	for _, target := range c.objects {
		region, err := c.checkedRegion(ctx, of, target)
		if err != nil {
			return err
		}
		regions = append(regions, region)
	}
	add := func(f *conf.File) error {
		for _, region := range regions {
			if err := f.AddRegion(of, region); err != nil {
				return err
			}
		}
		return nil
	}
	if !c.flags["i"] {
		return c.edit(ctx, add)
	}
	if len(regions) > 1 {
		return refusalf(syscall.EINVAL, "-i takes one -n, so that all of it happens or nothing")
	}
	f, err := c.load()
	if err != nil {
		return err
	}
	if err := add(f); err != nil {
		return err
	}
	ctx, stop := steadfast(ctx)
	defer stop()
	return c.kernelWith(ctx, f, func(m *libo2cb.Manager, save func() error) error {
		steps, err := m.AddRegion(ctx, of, regions[0], save)
		if len(steps) > 0 {
			fmt.Fprintf(c.std.out, "Heartbeat region %s created\n", regions[0])
		}
		return inKernel(err)
	})
}
