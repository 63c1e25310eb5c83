// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// completionTime is how long a person who pressed Tab is kept waiting at most, by a
// configuration on a dead file server for example.
const completionTime = time.Second

// inventory is what there is to complete: the clusters of the file and the kernel's.
// What cannot be read is empty: nobody who presses Tab wants to read an error.
type inventory struct {
	root         string
	file, kernel []*cluster.Cluster
	args         []string                   // that stand before the one to complete
	locks        func() map[string][]string // by domain; asked for by those who need it
}

// source makes completions of what is known. Behind each stands, after a tab, what
// it is.
type source func(inventory) []cobra.Completion

// inventory reads both side by side, which needs no privilege. What does not come
// in time is left out.
func (s *settings) inventory(ctx context.Context) inventory {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	kernel, file := make(chan []*cluster.Cluster, 1), make(chan []*cluster.Cluster, 1)
	go func() { kernel <- s.registered() }()
	go func() { file <- s.configured(ctx) }()
	inv := inventory{root: s.root, locks: s.lockNames}
	for range 2 {
		select {
		case inv.kernel = <-kernel:
		case inv.file = <-file:
		case <-ctx.Done():
			return inv
		}
	}
	return inv
}

// registered returns the kernel's cluster, if there is one to be read.
func (s *settings) registered() []*cluster.Cluster {
	c, err := s.manager(true).Registered()
	if err != nil || c == nil {
		return nil
	}
	return []*cluster.Cluster{c}
}

// configured returns the clusters of the file, as far as it can be read.
func (s *settings) configured(ctx context.Context) []*cluster.Cluster {
	name := s.path(s.config)
	text, err := readUntil(ctx, func() (io.ReadCloser, error) { return os.Open(name) })
	if err != nil {
		return nil
	}
	f, _ := conf.Parse(name, text)
	return f.Clusters()
}

// all returns the clusters of both, the file's first.
func (inv inventory) all() []*cluster.Cluster { return slices.Concat(inv.file, inv.kernel) }

// offer collects completions, each once and the first description of each.
type offer struct {
	seen map[string]bool
	list []cobra.Completion
}

func (o *offer) add(name, what string) {
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	if o.seen[name] || !harmless(name) {
		return
	}
	o.seen[name] = true
	o.list = append(o.list, cobra.CompletionWithDesc(name, what))
}

// harmless tells whether a shell takes a name as it stands. A file may hold any
// text for a name, and scripts for completion have expanded what they were given.
func harmless(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("-_./+=0123456789", r) && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// clusters are the names of the clusters.
func clusters(inv inventory) []cobra.Completion {
	var o offer
	for _, c := range inv.kernel {
		o.add(c.Name, "cluster in the kernel")
	}
	for _, c := range inv.file {
		o.add(c.Name, "cluster with "+plural(len(c.Nodes), "node"))
	}
	return o.list
}

// nodes are the names of the nodes of all clusters.
func nodes(inv inventory) []cobra.Completion {
	var o offer
	for _, c := range inv.all() {
		for _, n := range c.Nodes {
			o.add(n.Name, fmt.Sprintf("node %d of cluster %s, %s", n.Number, c.Name, n.Address))
		}
	}
	return o.list
}

// nodesOf are those of the one cluster.
func nodesOf(name string) source {
	return func(inv inventory) []cobra.Completion {
		return nodes(inv.only(name))
	}
}

// regionsOf are the regions of the one cluster.
func regionsOf(name string) source {
	return func(inv inventory) []cobra.Completion {
		return regions(inv.only(name))
	}
}

// only returns what is known of one cluster.
func (inv inventory) only(name string) inventory {
	other := func(c *cluster.Cluster) bool { return c.Name != name }
	return inventory{root: inv.root, file: slices.DeleteFunc(slices.Clone(inv.file), other), kernel: slices.DeleteFunc(slices.Clone(inv.kernel), other)}
}

// lockNames returns the locks that this node knows, by domain. It has no context: it
// ends by itself, after as long as a person who pressed Tab is kept waiting.
func (s *settings) lockNames() map[string][]string {
	all, err := s.manager(true).LockNames(context.Background())
	if err != nil {
		return nil
	}
	return all
}

// lockDomains are the lock domains that this node has joined.
func lockDomains(inv inventory) []cobra.Completion {
	var o offer
	for _, name := range slices.Sorted(maps.Keys(inv.locks())) {
		if name != peers.DomainName {
			o.add(name, "lock domain")
		}
	}
	return o.list
}

// lockResources are the locks of the domain that stands before.
func lockResources(inv inventory) []cobra.Completion {
	var o offer
	if len(inv.args) > 0 {
		for _, name := range inv.locks()[inv.args[0]] {
			o.add(name, "lock of domain "+inv.args[0])
		}
	}
	return o.list
}

// regions are the UUIDs of the heartbeat regions: those that run and those that the
// file names.
func regions(inv inventory) []cobra.Completion {
	var o offer
	for _, r := range inv.running() {
		o.add(r.Name, "region on "+r.Device)
	}
	for _, c := range inv.file {
		for _, r := range c.Regions {
			o.add(r.Name, "region of cluster "+c.Name)
		}
	}
	return o.list
}

// runningRegions are the UUIDs and the devices of those that run.
func runningRegions(inv inventory) []cobra.Completion {
	var o offer
	for _, r := range inv.running() {
		o.add(r.Name, "region on "+r.Device)
		if r.Device != "" {
			o.add("/dev/"+r.Device, "region "+r.Name)
		}
	}
	return o.list
}

func (inv inventory) running() []cluster.Region {
	var all []cluster.Region
	for _, c := range inv.kernel {
		all = append(all, c.Regions...)
	}
	return all
}

// devices are the block devices that have a medium, by the name that people use.
// No disk is read for them: that needs root, and a disk may not answer.
func devices(inv inventory) []cobra.Completion {
	var o offer
	dir := filepath.Join(inv.root, "sys/class/block")
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		if attributeOf(at, "size") == "0" {
			continue
		}
		if mapped := attributeOf(at, "dm/name"); mapped != "" {
			o.add("/dev/mapper/"+mapped, "block device "+e.Name())
			continue
		}
		// sysfs writes "!" for the "/" of names like cciss/c0d0.
		o.add("/dev/"+strings.ReplaceAll(e.Name(), "!", "/"), "block device")
	}
	return o.list
}

// attributeOf returns a value of sysfs, empty when there is none.
func attributeOf(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// either offers what several sources have.
func either(sources ...source) source {
	return func(inv inventory) []cobra.Completion {
		var all []cobra.Completion
		for _, s := range sources {
			all = append(all, s(inv)...)
		}
		return all
	}
}

// words offers fixed ones.
func words(list ...cobra.Completion) source {
	return func(inventory) []cobra.Completion { return list }
}
