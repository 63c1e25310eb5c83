// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// delete is -D, which the manual promises and the C program lacks: it takes
// objects out of the file and, with -u, out of the running kernel.
func (c *classic) delete(ctx context.Context) error {
	if len(c.objects) == 0 {
		return refusalf(syscall.EINVAL, "operation '-D' requires an object")
	}
	if c.flags["u"] {
		return c.deleteRunning(ctx)
	}
	return c.edit(ctx, func(f *conf.File) error {
		_, err := c.drop(f)
		return err
	})
}

// deleteRunning deletes one object from the kernel and from the file.
func (c *classic) deleteRunning(ctx context.Context) error {
	if len(c.objects) > 1 {
		return refusalf(syscall.EINVAL, "-u takes one -n, so that all of it happens or nothing")
	}
	f, err := c.load()
	if err != nil {
		return err
	}
	dropped, err := c.drop(f)
	if err != nil {
		return err
	}
	o := dropped[0]
	return c.kernelWith(ctx, f, func(m *libo2cb.Manager, save func() error) error {
		var steps []plan.Step
		var err error
		switch o.kind {
		case cluster.KindNode:
			steps, err = m.RemoveNode(ctx, o.cluster.Name, o.node.Name, save)
		case cluster.KindHeartbeat:
			steps, err = m.RemoveRegion(ctx, o.cluster.Name, o.region.Name, save)
		default:
			steps, err = m.RemoveCluster(ctx, o.cluster.Name, save)
		}
		if len(steps) > 0 {
			fmt.Fprintf(c.std.out, "%s %s deleted\n", title(o.kind), o.name())
		}
		return err
	})
}

// drop takes the objects out of a file and returns them.
func (c *classic) drop(f *conf.File) ([]object, error) {
	if err := c.guessKind(f); err != nil {
		return nil, err
	}
	if err := c.attributes.check(c.kind); err != nil {
		return nil, err
	}
	var dropped []object
	for _, name := range c.objects {
		o, err := c.one(f, name, c.attributes)
		if err != nil {
			return nil, err
		}
		dropped = append(dropped, o)
		if err := o.removeFrom(f); err != nil {
			return nil, err
		}
	}
	return dropped, nil
}

func (o object) removeFrom(f *conf.File) error {
	switch o.kind {
	case cluster.KindNode:
		return f.RemoveNode(o.cluster.Name, o.node.Name)
	case cluster.KindHeartbeat:
		return f.RemoveRegion(o.cluster.Name, o.region.Name)
	}
	return f.RemoveCluster(o.cluster.Name)
}
