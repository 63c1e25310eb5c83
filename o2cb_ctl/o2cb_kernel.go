// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// checkStack refuses while the kernel is told to use another stack.
func (o *o2cb) checkStack(ctx context.Context) error {
	status, err := o.manager(true).Status(ctx)
	if err != nil {
		return err
	}
	if selected := status.Stack.ClusterStack; selected != "" && selected != stack.Label {
		return fmt.Errorf("this tool supports the '%s' stack, but the '%s' stack is in use", stack.Label, selected)
	}
	return nil
}

// described returns the argument, the name of a cluster, which the file must
// describe and the selected stack be able to run.
func (o *o2cb) described(ctx context.Context) (string, error) {
	f, err := o.load()
	if err != nil {
		return "", err
	}
	name, err := o.argument(0)
	if err != nil {
		return "", err
	}
	if f.Cluster(name) == nil {
		return "", fmt.Errorf("unknown cluster '%s'", name)
	}
	return name, o.checkStack(ctx)
}

// registerCluster makes the kernel's cluster like the one of the file, whole or
// not at all.
func (o *o2cb) registerCluster(ctx context.Context) error {
	name, err := o.described(ctx)
	if err != nil {
		return err
	}
	report, err := o.manager(true).Register(ctx, name)
	if err != nil {
		return err
	}
	for _, step := range report.Steps {
		o.say("%s", step)
	}
	return nil
}

// unregisterCluster removes the kernel's cluster, whatever the file says.
func (o *o2cb) unregisterCluster(ctx context.Context) error {
	name, err := o.argument(0)
	if err != nil {
		return err
	}
	kernel, err := o.active(name)
	if err != nil {
		return err
	}
	report, err := unregister(ctx, o.manager(true), kernel)
	if err != nil {
		return err
	}
	for _, step := range report.Steps {
		o.say("%s", step)
	}
	return nil
}

// active returns the kernel's cluster, which must be the one called name.
func (o *o2cb) active(name string) (*cluster.Cluster, error) {
	kernel, err := o.manager(true).Registered()
	if err != nil {
		return nil, err
	}
	if kernel == nil || kernel.Name != name {
		return nil, fmt.Errorf("cluster '%s' is not active", name)
	}
	return kernel, nil
}

// startHeartbeat makes the running regions those of the file. It has nothing to do
// in local mode, where each volume has its own heartbeat, which mount starts.
func (o *o2cb) startHeartbeat(ctx context.Context) error {
	name, err := o.described(ctx)
	if err != nil {
		return err
	}
	kernel, err := o.manager(true).Registered()
	switch {
	case err != nil:
		return err
	case kernel == nil || kernel.Name != name || !hasLocalNode(kernel):
		return fmt.Errorf("cluster '%s' not registered", name)
	case kernel.Mode() != cluster.GlobalHeartbeat:
		return nil
	}
	ctx, stop := steadfast(ctx)
	defer stop()
	report, err := o.manager(true).StartRegions(ctx, name, nil)
	if err != nil {
		return err
	}
	o.sayRegions(report)
	_, err = fmt.Fprintln(o.std.out, "Global heartbeat started")
	return err
}

// sayRegions tells what became of each region.
func (o *o2cb) sayRegions(report libo2cb.RegionsReport) {
	for _, region := range report.Started {
		o.say("Started heartbeat region '%s'", region)
	}
	for _, region := range report.Stopped {
		o.say("Stopped heartbeat region '%s'", region)
	}
}

// stopHeartbeat works on what the kernel has, whatever the file says. In local mode
// there is nothing that it could stop.
func (o *o2cb) stopHeartbeat(ctx context.Context) error {
	name, err := o.argument(0)
	if err != nil {
		return err
	}
	kernel, err := o.active(name)
	if err != nil || kernel.Mode() != cluster.GlobalHeartbeat {
		return err
	}
	ctx, stop := steadfast(ctx)
	defer stop()
	report, err := o.manager(true).StopRegions(ctx, name, nil)
	if err != nil {
		return err
	}
	o.sayRegions(report)
	_, err = fmt.Fprintln(o.std.out, "Global heartbeat stopped")
	return err
}

// clusterStatus says whether the cluster is online. It loads nothing, reads no
// file and needs no privilege.
func (o *o2cb) clusterStatus(ctx context.Context) error {
	kernel, err := o.manager(true).Registered()
	if err == nil {
		err = o.checkStack(ctx)
	}
	if err != nil {
		fmt.Fprintln(o.std.out, "offline")
		return err
	}
	online := false
	name := ""
	if kernel != nil {
		name = kernel.Name
		online = clusterStatus(kernel) == statusOnline
	}
	if len(o.args) > 0 && kernel != nil && o.args[0] != name {
		name, online = o.args[0], false
	}
	return o.printStatus(name, online)
}

// printStatus prints the line that scripts look at, and turns the answer into
// the exit status.
func (o *o2cb) printStatus(name string, online bool) error {
	word := "offline"
	if online {
		word = statusOnline
	}
	if name != "" {
		word = fmt.Sprintf("Cluster '%s' is %s", name, word)
	}
	if _, err := fmt.Fprintln(o.std.out, word); err != nil {
		return err
	}
	if !online {
		return silentError{1}
	}
	return nil
}
