// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// info is -I: it prints objects of the file, and what the kernel has of them. It
// needs neither a loaded stack nor privilege.
func (c *classic) info() error {
	f, err := c.loadAsked()
	if err != nil {
		return err
	}
	if err := c.guessKind(f); err != nil {
		return err
	}
	if err := c.attributes.check(c.kind); err != nil {
		return err
	}
	kernel, err := c.manager(true).Registered()
	if err != nil {
		return err
	}
	objects, missing := c.choose(f)
	return errors.Join(c.printObjects(objects, kernel), missing)
}

// printObjects prints the objects that have the attributes asked for.
func (c *classic) printObjects(objects []object, kernel *cluster.Cluster) error {
	w := bufio.NewWriter(c.std.out)
	listed := c.attributes.listed()
	if c.flags["o"] {
		empty := object{kind: c.kind, cluster: &cluster.Cluster{}, node: &cluster.Node{}, region: &cluster.Region{}}
		fmt.Fprintln(w, empty.describe(nil).only(listed).header())
	}
	for _, o := range objects {
		r := o.describe(kernel)
		switch {
		case !c.attributes.matches(r):
		case c.flags["o"]:
			r.only(listed).printCompact(w)
		default:
			r.only(listed).printVerbose(w)
		}
	}
	return w.Flush()
}
