// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/definition"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
)

// ImportOptions say what an import may do.
type ImportOptions struct {
	// Replace lets a cluster that the configuration has be changed.
	Replace bool
	// DryRun writes nothing.
	DryRun bool
}

// Import is what an import did, or with DryRun would do.
type Import struct {
	Config   string   // the configuration file
	Before   []byte   // its text
	After    []byte   // the same when there was nothing to do
	Clusters []string // that were added or changed
}

// Changed tells whether there was anything to do.
func (i Import) Changed() bool { return len(i.Clusters) > 0 }

// ClusterDiffersError says that a definition would change a cluster that the
// configuration has.
type ClusterDiffersError struct {
	Config  string
	Cluster string
}

// Error returns one line with what to do.
func (e *ClusterDiffersError) Error() string {
	return fmt.Sprintf("%s has another cluster %s: look at what would change with --replace --dry-run, then change it with --replace", e.Config, e.Cluster)
}

// TimingElsewhereError says that a definition has a timing that a configuration
// cannot hold: it belongs into the settings, which are others.
type TimingElsewhereError struct {
	Path    string   // of the settings
	Cluster string   // whose timing it is
	Lines   []string // that the settings need
}

// Error returns one line with what to do.
func (e *TimingElsewhereError) Error() string {
	return fmt.Sprintf("the timing of cluster %s belongs into %s, and nothing was imported: write there first: %s", e.Cluster, e.Path, strings.Join(e.Lines, " "))
}

// Import writes the clusters of a definition into the configuration, as conf.Edit
// does: comments, order and layout of what stays the same stay. A cluster that
// the file has already and that is the same is left alone, and one that differs a
// [*ClusterDiffersError] unless o.Replace is set. Other clusters of the file stay.
//
// The definition has to be free of errors: see [definition.Read]. Its timing has
// to be that of the settings already, or else what the kernel has of itself;
// anything else is a [*TimingElsewhereError] and nothing is written. The running
// cluster is not touched.
func (m *Manager) Import(ctx context.Context, d *definition.Definition, o ImportOptions) (Import, error) {
	i, err := m.importDefinition(ctx, d, o)
	if err != nil {
		return Import{}, fmt.Errorf("import: %w", err)
	}
	return i, nil
}

func (m *Manager) importDefinition(ctx context.Context, d *definition.Definition, o ImportOptions) (Import, error) {
	if err := m.checkTimings(d.Clusters); err != nil {
		return Import{}, err
	}
	i := Import{Config: m.config}
	merge := func(f *conf.File) error {
		i.Before = f.Bytes()
		for _, c := range d.Clusters {
			if err := i.merge(f, c, o.Replace); err != nil {
				return err
			}
		}
		i.After = f.Bytes()
		return nil
	}
	err := m.editFor(ctx, o.DryRun, merge)
	return i, err
}

// editFor runs an edit of the configuration, for show only in a dry run.
func (m *Manager) editFor(ctx context.Context, dryRun bool, edit func(*conf.File) error) error {
	switch {
	case dryRun:
		f, _, err := conf.Load(m.config)
		if err != nil {
			return err
		}
		if err := edit(f); err != nil {
			return err
		}
		return f.Findings().ErrPermissive() // others come from what was there before, and stay
	case m.permissive:
		return conf.EditPermissive(ctx, m.config, edit)
	}
	return conf.Edit(ctx, m.config, edit)
}

// checkTimings compares the timings of clusters with what the settings, and else
// the kernel, have. What a cluster leaves open fits everything.
func (m *Manager) checkTimings(clusters []*cluster.Cluster) error {
	have, _, err := m.timing()
	if err != nil {
		return err
	}
	have = have.Or(cluster.DefaultTiming())
	for _, c := range clusters {
		if c.Timing.Or(have) == have {
			continue
		}
		path, err := settings.Path(m.root)
		if err != nil {
			return err
		}
		e := &TimingElsewhereError{Path: path, Cluster: c.Name}
		for _, s := range cluster.TimingSettings() {
			if value := c.Timing.Get(s); value != "" && value != have.Get(s) {
				e.Lines = append(e.Lines, settings.Variable(s)+"="+value)
			}
		}
		return e
	}
	return nil
}

// merge makes the cluster of the file like c, by as few edits as that takes.
func (i *Import) merge(f *conf.File, c *cluster.Cluster, replace bool) error {
	have := f.Cluster(c.Name)
	switch {
	case have == nil:
		if err := f.AddCluster(c.Name); err != nil {
			return err
		}
		have = &cluster.Cluster{Name: c.Name, HeartbeatMode: cluster.LocalHeartbeat}
	case sameDefinition(have, c):
		return nil
	case !replace:
		return &ClusterDiffersError{Config: i.Config, Cluster: c.Name}
	}
	i.Clusters = append(i.Clusters, c.Name)
	have = &cluster.Cluster{Name: have.Name, HeartbeatMode: have.HeartbeatMode, Nodes: slices.Clone(have.Nodes), Regions: slices.Clone(have.Regions)}
	if have.Mode() != c.Mode() {
		if err := f.SetHeartbeatMode(c.Name, c.Mode()); err != nil {
			return err
		}
	}
	if err := mergeRegions(f, have, c); err != nil {
		return err
	}
	return mergeNodes(f, have, c)
}

// sameDefinition tells whether two clusters differ in nothing but order and what
// no configuration holds.
func sameDefinition(a, b *cluster.Cluster) bool {
	if a.Mode() != b.Mode() || len(a.Nodes) != len(b.Nodes) || len(a.Regions) != len(b.Regions) {
		return false
	}
	for _, n := range b.Nodes {
		if have := a.Node(n.Name); have == nil || !sameNode(*have, n) {
			return false
		}
	}
	return !slices.ContainsFunc(b.Regions, func(r cluster.Region) bool { return !hasRegion(a, r.Name) })
}

func sameNode(a, b cluster.Node) bool {
	return a.Number == b.Number && a.Address == b.Address && a.Port == b.Port
}

func hasRegion(c *cluster.Cluster, name string) bool {
	return slices.ContainsFunc(c.Regions, func(r cluster.Region) bool { return r.Name == name })
}

func mergeRegions(f *conf.File, have, want *cluster.Cluster) error {
	for _, r := range have.Regions {
		if !hasRegion(want, r.Name) {
			if err := f.RemoveRegion(want.Name, r.Name); err != nil {
				return err
			}
		}
	}
	for _, r := range want.Regions {
		if !hasRegion(have, r.Name) {
			if err := f.AddRegion(want.Name, r.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func mergeNodes(f *conf.File, have, want *cluster.Cluster) error {
	for _, n := range have.Nodes {
		if want.Node(n.Name) == nil {
			if err := f.RemoveNode(want.Name, n.Name); err != nil {
				return err
			}
		}
	}
	for _, n := range want.Nodes {
		was := have.Node(n.Name)
		if was == nil {
			if err := f.AddNode(want.Name, n); err != nil {
				return err
			}
			continue
		}
		if err := mergeNode(f, want.Name, *was, n); err != nil {
			return err
		}
	}
	return nil
}

// mergeNode sets what differs of one node.
func mergeNode(f *conf.File, of string, was, n cluster.Node) error {
	for _, a := range []struct {
		name    string
		differs bool
		value   string
	}{
		{cluster.AttributeNumber, was.Number != n.Number, strconv.Itoa(n.Number)},
		{cluster.AttributeAddress, was.Address != n.Address, n.Address.String()},
		{cluster.AttributePort, was.Port != n.Port, strconv.Itoa(n.Port)},
	} {
		if a.differs {
			if err := f.SetNodeAttribute(of, n.Name, a.name, a.value); err != nil {
				return err
			}
		}
	}
	return nil
}
