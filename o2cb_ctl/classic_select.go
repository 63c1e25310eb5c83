// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// choose returns the objects that the command line means: those that it names,
// or all of its type. Of names that mean nothing it returns the first as an
// error, beside the objects before it.
func (c *classic) choose(f *conf.File) ([]object, error) {
	if err := c.guessKind(f); err != nil {
		return nil, err
	}
	if err := c.attributes.check(c.kind); err != nil {
		return nil, err
	}
	all := objectsOf(f, c.kind)
	if len(c.objects) == 0 {
		return all, nil
	}
	var chosen []object
	for _, name := range c.objects {
		named := called(all, name)
		if len(named) == 0 {
			return chosen, refusalf(syscall.ENOENT, "%s %q does not exist", title(c.kind), name)
		}
		chosen = append(chosen, named...)
	}
	return chosen, nil
}

// one returns the only object that a name means, with the attributes in where
// to tell objects of one name apart.
func (c *classic) one(f *conf.File, name string, where attributes) (object, error) {
	var matching []object
	for _, o := range called(objectsOf(f, c.kind), name) {
		if where.matches(o.describe(nil)) {
			matching = append(matching, o)
		}
	}
	switch len(matching) {
	case 0:
		return object{}, refusalf(syscall.ENOENT, "%s %q does not exist", title(c.kind), name)
	case 1:
		return matching[0], nil
	}
	return object{}, refusalf(syscall.EINVAL, "%s %q is in several clusters: name one with -a cluster=%s",
		c.kind, name, matching[0].cluster.Name)
}

// loadAsked reads the configuration for -I and -H, which take an object or a
// type: what can be refused without the file is refused before it is read.
func (c *classic) loadAsked() (*conf.File, error) {
	if len(c.objects) == 0 && c.kind == "" {
		return nil, refusalf(syscall.EINVAL, "operation '-%s' requires an object or an object type", c.operation)
	}
	if c.kind != "" {
		if err := c.attributes.check(c.kind); err != nil {
			return nil, err
		}
	}
	return c.load()
}

// guessKind takes the type from the first object when the command line has none:
// a cluster's name, a node's name or number, or a region, in this order.
func (c *classic) guessKind(f *conf.File) error {
	if c.kind != "" {
		return nil
	}
	for _, kind := range []cluster.Kind{cluster.KindCluster, cluster.KindNode, cluster.KindHeartbeat} {
		if len(called(objectsOf(f, kind), c.objects[0])) > 0 {
			c.kind = kind
			return nil
		}
	}
	return refusalf(syscall.ENOENT, "%s has no cluster, node or heartbeat region %q", c.file(), c.objects[0])
}

// objectsOf returns all objects of a kind in the order of the file.
func objectsOf(f *conf.File, kind cluster.Kind) []object {
	var all []object
	for _, c := range f.Clusters() {
		switch kind {
		case cluster.KindCluster:
			all = append(all, object{kind: kind, cluster: c})
		case cluster.KindNode:
			for i := range c.Nodes {
				all = append(all, object{kind: kind, cluster: c, node: &c.Nodes[i]})
			}
		default:
			for i := range c.Regions {
				all = append(all, object{kind: kind, cluster: c, region: &c.Regions[i]})
			}
		}
	}
	return all
}

// called returns the objects of a name, or, when no node has it, the nodes of that number.
func called(all []object, name string) []object {
	var named []object
	for _, o := range all {
		if o.name() == name {
			named = append(named, o)
		}
	}
	number, err := strconv.Atoi(name)
	if err != nil || len(named) > 0 {
		return named
	}
	for _, o := range all {
		if o.kind == cluster.KindNode && o.node.Number == number {
			named = append(named, o)
		}
	}
	return named
}

func (o object) name() string {
	switch o.kind {
	case cluster.KindNode:
		return o.node.Name
	case cluster.KindHeartbeat:
		return o.region.Name
	}
	return o.cluster.Name
}

// title is a kind at the beginning of a message.
func title(kind cluster.Kind) string {
	switch kind {
	case cluster.KindCluster:
		return "Cluster"
	case cluster.KindNode:
		return "Node"
	}
	return "Heartbeat region"
}
