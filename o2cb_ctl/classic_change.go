// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// change is -H: new attributes for objects of the file; online=yes and online=no
// put a cluster into the kernel and take it out. Without -n it means all objects
// of the type.
func (c *classic) change(ctx context.Context) error {
	f, err := c.loadAsked()
	if err != nil {
		return err
	}
	objects, err := c.choose(f)
	if err != nil {
		return err
	}
	switch c.kind {
	case cluster.KindNode:
		return c.edit(ctx, c.changeNodes)
	case cluster.KindHeartbeat:
		return refusalf(syscall.ENOTSUP, "a heartbeat region has nothing to change: delete it and create another")
	}
	return c.changeClusters(ctx, objects)
}

// changeClusters renames clusters or switches them on and off. With both, the
// new name goes online, and a failure brings the old name back.
func (c *classic) changeClusters(ctx context.Context, objects []object) error {
	name, online := c.attributes.find(cluster.AttributeName), c.attributes.find(attributeOnline)
	var on bool
	if online != nil {
		var err error
		if on, err = parseBool(*online); err != nil {
			return err
		}
	}
	if online != nil && !on { // under its old name
		for _, o := range objects {
			if err := c.switchCluster(ctx, o.cluster, false); err != nil {
				return err
			}
		}
	}
	if name != nil {
		if err := c.rename(ctx, name.value); err != nil {
			return err
		}
	}
	if online == nil || !on {
		return nil
	}
	for _, o := range objects {
		was, want := o.cluster.Name, *o.cluster
		if name != nil {
			want.Name = name.value
		}
		err := c.switchCluster(ctx, &want, true)
		if err != nil && name != nil {
			back := c.edit(context.WithoutCancel(ctx), func(f *conf.File) error { return f.RenameCluster(want.Name, was) })
			if back != nil {
				err = fmt.Errorf("%w; then, while the old name was brought back: %w", err, back)
			}
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *classic) rename(ctx context.Context, to string) error {
	if to == "" {
		return refusalf(syscall.EINVAL, "empty name for cluster")
	}
	return c.edit(ctx, func(f *conf.File) error {
		objects, err := c.choose(f)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := f.RenameCluster(o.cluster.Name, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// parseBool reads the words of the C program. No word, or another one, is an
// error: to the C program the one means offline, the other online.
func parseBool(a attribute) (bool, error) {
	switch {
	case slices.Contains([]string{"1", "t", "true", "y", "yes", "on"}, a.value):
		return true, nil
	case slices.Contains([]string{"0", "f", "false", "n", "no", "off"}, a.value):
		return false, nil
	}
	return false, refusalf(syscall.EINVAL, "invalid value for attribute %q: %q; say yes or no. Nothing was changed", a.name, a.value)
}

// switchCluster makes the kernel's cluster like the one of the file, or removes it.
func (c *classic) switchCluster(ctx context.Context, want *cluster.Cluster, on bool) error {
	m := c.manager(true)
	if !on {
		kernel, err := m.Registered()
		if err != nil || kernel == nil || kernel.Name != want.Name {
			return err
		}
		_, err = unregister(ctx, m, kernel)
		return err
	}
	report, err := m.Register(ctx, want.Name)
	if err != nil {
		return inKernel(err)
	}
	c.printAdded(want, report.Steps)
	return nil
}

// unregister takes the kernel's cluster offline, but not while its global
// heartbeat runs: the C programs refuse then, and to them the two are two commands.
func unregister(ctx context.Context, m *libo2cb.Manager, kernel *cluster.Cluster) (libo2cb.Report, error) {
	if kernel.Mode() == cluster.GlobalHeartbeat && len(kernel.Regions) > 0 {
		return libo2cb.Report{}, fmt.Errorf("%w; o2cb stop-heartbeat %s stops it",
			&libo2cb.InUseError{Cluster: kernel.Name, Regions: kernel.Regions}, kernel.Name)
	}
	return m.Offline(ctx, kernel.Name)
}

// printAdded says what is new in the kernel, in the order of the file.
func (c *classic) printAdded(want *cluster.Cluster, steps []plan.Step) {
	added := map[string]bool{}
	for _, s := range steps {
		switch s.Kind {
		case plan.CreateCluster:
			fmt.Fprintf(c.std.out, "Cluster %s created\n", s.Cluster)
		case plan.AddNode:
			added[s.Node.Name] = true
		}
	}
	for _, n := range want.Nodes {
		if added[n.Name] {
			fmt.Fprintf(c.std.out, "Node %s added\n", n.Name)
		}
	}
}

// changeNodes sets attributes of nodes. The attribute cluster tells which nodes
// are meant: a node does not move to another cluster.
func (c *classic) changeNodes(f *conf.File) error {
	where, set := c.splitAttributes()
	for _, a := range set {
		if err := checkNodeValue(a); err != nil {
			return err
		}
	}
	objects, err := c.chooseNodes(f, where)
	if err != nil {
		return err
	}
	for _, o := range objects {
		name := o.node.Name
		for _, a := range set {
			if err := f.SetNodeAttribute(o.cluster.Name, name, a.name, a.value); err != nil {
				return err
			}
			if a.name == cluster.AttributeName {
				name = a.value
			}
		}
	}
	return nil
}

// chooseNodes returns the nodes that are meant.
func (c *classic) chooseNodes(f *conf.File, where attributes) ([]object, error) {
	if len(c.objects) > 0 {
		var nodes []object
		for _, name := range c.objects {
			o, err := c.one(f, name, where)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, o)
		}
		return nodes, nil
	}
	return slices.DeleteFunc(objectsOf(f, c.kind), func(o object) bool { return !where.matches(o.describe(nil)) }), nil
}

// splitAttributes tells which attributes say where, and which are to be set; of
// each name the first counts.
func (c *classic) splitAttributes() (where, set attributes) {
	for i, a := range c.attributes {
		switch {
		case c.attributes.find(a.name) != &c.attributes[i]:
		case a.name == cluster.AttributeCluster:
			where = append(where, a)
		default:
			set = append(set, a)
		}
	}
	return where, set
}

// checkNodeValue refuses a value that the attribute cannot have.
func checkNodeValue(a attribute) error {
	if !a.given || a.value == "" {
		return refusalf(syscall.EINVAL, "attribute %q needs a value: -a %s=VALUE", a.name, a.name)
	}
	var err error
	switch a.name {
	case cluster.AttributeAddress:
		_, err = parseAddress(a.value)
	case cluster.AttributePort:
		_, err = parsePort(a.value)
	case cluster.AttributeNumber:
		_, err = parseNodeNumber(a.value)
	}
	return err
}
