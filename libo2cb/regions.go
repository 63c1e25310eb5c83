// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// ErrNoRegions says that the configuration has no heartbeat region, so that there
// is nothing to start.
var ErrNoRegions = errors.New("the configuration has no heartbeat region for the cluster (o2cb add-heartbeat)")

// ErrRegionShared says that a region has other users still: more than one were
// counted, which in global mode only a program that died or a start by hand leaves.
var ErrRegionShared = errors.New("the heartbeat region has other users; one was taken away, stopping it again takes the next")

// RegionsReport is what StartRegions or StopRegions did.
type RegionsReport struct {
	Cluster string           `json:"cluster"`
	Started []string         `json:"started"` // UUIDs
	Stopped []string         `json:"stopped"` // UUIDs
	Running []cluster.Region `json:"running"` // all that run now
}

// StartRegions starts heartbeat regions of the kernel's cluster, which must be in
// global mode, side by side. With nil it makes the running ones those of the
// configuration, as the C program o2cb does it: it starts what is missing, then
// stops what is not there any more. It is all or nothing. Needs root.
//
// name is the cluster's, or empty for whichever runs. The volumes are looked for
// on all block devices of this machine, see [volume.FindAll], and checked before
// the kernel is touched, see [heartbeat.Keeper.StartAll]. [Options].Progress is
// told how far the kernel is. Errors are [ErrNoCluster], a [*NotOnlineError],
// [ErrNoRegions], [heartbeat.ErrLocal], and an [*plan.ApplyError] with what
// package heartbeat or volume says.
func (m *Manager) StartRegions(ctx context.Context, name string, regions []string) (RegionsReport, error) {
	report, err := m.reshape(ctx, "start heartbeat", name, func(have *cluster.Cluster) ([]cluster.Region, error) {
		if regions == nil {
			return m.configured(have.Name)
		}
		return with(have.Regions, regions), nil
	})
	if err != nil {
		return report, fmt.Errorf("start heartbeat: %w", err)
	}
	return report, nil
}

// StopRegions stops heartbeat regions of the kernel's cluster, which must be in
// global mode; nil are all of them. name is the cluster's, or empty for whichever
// runs. It is all or nothing, and what does not run is no error. Needs root.
//
// When nothing would beat any more, mounted volumes and lock domains that processes
// have open are an [*InUseError], and nothing is touched; idle domains are left. The
// kernel refuses (EBUSY) when 3 regions or fewer run and somebody uses the cluster.
// Other errors are as those of StartRegions, and [ErrRegionShared].
func (m *Manager) StopRegions(ctx context.Context, name string, regions []string) (RegionsReport, error) {
	report, err := m.reshape(ctx, "stop heartbeat", name, func(have *cluster.Cluster) ([]cluster.Region, error) {
		if regions == nil {
			return []cluster.Region{}, nil
		}
		return without(have.Regions, regions), nil
	})
	if err != nil {
		return report, fmt.Errorf("stop heartbeat: %w", err)
	}
	return report, nil
}

// AddRegion starts a region of the kernel's cluster called of, which must be in
// global mode, and then calls commit, as [Manager.CreateCluster] does. One that runs
// is left alone. Needs root. Errors are those of StartRegions.
func (m *Manager) AddRegion(ctx context.Context, of, region string, commit func() error) ([]plan.Step, error) {
	steps, err := m.change(ctx, "add heartbeat region "+region, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have == nil || have.Name != of {
			return nil, notOnline(of, have)
		}
		if err := requireGlobal(have); err != nil {
			return nil, err
		}
		return reshaped(have, with(have.Regions, []string{region})), nil
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("add heartbeat region %s: %w", region, err)
	}
	return steps, nil
}

// RemoveRegion stops a region of the kernel's cluster called of and then calls
// commit, as [Manager.CreateCluster] does. Where the kernel has not that region, or
// not that cluster in global mode, there is nothing to stop. Needs root. Errors are
// those of StopRegions.
func (m *Manager) RemoveRegion(ctx context.Context, of, region string, commit func() error) ([]plan.Step, error) {
	steps, err := m.change(ctx, "remove heartbeat region "+region, func(have *cluster.Cluster) (*cluster.Cluster, error) {
		if have == nil || have.Name != of || have.Mode() != cluster.GlobalHeartbeat {
			return have, nil
		}
		return reshaped(have, without(have.Regions, []string{region})), nil
	}, commit)
	if err != nil {
		return nil, fmt.Errorf("remove heartbeat region %s: %w", region, err)
	}
	return steps, nil
}

// reshape makes the running regions what choose says.
func (m *Manager) reshape(ctx context.Context, operationName, name string, choose func(have *cluster.Cluster) ([]cluster.Region, error)) (RegionsReport, error) {
	report := RegionsReport{Cluster: name, Started: []string{}, Stopped: []string{}, Running: []cluster.Region{}}
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return report, err
	}
	defer unlock()
	kernel, have, err := m.recovered(ctx)
	switch {
	case err != nil:
		return report, err
	case have == nil && name == "":
		return report, ErrNoCluster
	case have == nil, name != "" && have.Name != name:
		return report, notOnline(name, have)
	}
	report.Cluster = have.Name
	if err := requireGlobal(have); err != nil {
		return report, err
	}
	if err := m.checkWhole(ctx, kernel, have); err != nil {
		return report, err
	}
	regions, err := choose(have)
	if err != nil {
		return report, err
	}
	p, err := plan.Between(have, reshaped(have, regions))
	if err == nil {
		err = m.perform(ctx, kernel, operation{name: operationName, plan: p})
	}
	if err != nil {
		return report, err
	}
	for _, s := range p.Steps {
		if s.Kind == plan.StartRegions {
			report.Started = append(report.Started, s.Regions...)
		} else {
			report.Stopped = append(report.Stopped, s.Regions...)
		}
	}
	now, err := kernel.Cluster(have.Name)
	if err == nil {
		report.Running = append(report.Running, now.Regions...)
	}
	return report, err
}

// checkWhole waits until nobody is starting a region of a global heartbeat, and
// refuses one whose start was cut short: in a plan both look like those that run.
// have may be nil.
func (m *Manager) checkWhole(ctx context.Context, kernel *configfs.FS, have *cluster.Cluster) error {
	if have == nil || have.Mode() != cluster.GlobalHeartbeat || len(have.Regions) == 0 {
		return nil
	}
	return m.keeperOf(kernel, have.Name).Settle(ctx, have.Name)
}

// reshaped returns have with other regions, or have itself where nothing changes.
func reshaped(have *cluster.Cluster, regions []cluster.Region) *cluster.Cluster {
	if slices.Equal(have.Regions, regions) {
		return have
	}
	want := *have
	want.Regions = regions
	return &want
}

// with returns regions and those of names that are not among them.
func with(regions []cluster.Region, names []string) []cluster.Region {
	all := slices.Clone(regions)
	for _, name := range names {
		if !slices.ContainsFunc(all, func(r cluster.Region) bool { return r.Name == name }) {
			all = append(all, cluster.Region{Name: name})
		}
	}
	return all
}

// without returns the regions that are not among names, never nil.
func without(regions []cluster.Region, names []string) []cluster.Region {
	rest := []cluster.Region{}
	for _, r := range regions {
		if !slices.Contains(names, r.Name) {
			rest = append(rest, r)
		}
	}
	return rest
}

// configured returns the regions that the configuration has for a cluster.
func (m *Manager) configured(name string) ([]cluster.Region, error) {
	file, findings, err := conf.Load(m.config)
	if err != nil {
		return nil, err
	}
	if err := findings.ErrPermissive(); err != nil {
		return nil, err
	}
	c, err := m.choose(file.Clusters(), name)
	if err != nil {
		return nil, err
	}
	if len(c.Regions) == 0 {
		return nil, ErrNoRegions
	}
	return c.Regions, nil
}

// requireGlobal refuses a cluster in local mode.
func requireGlobal(c *cluster.Cluster) error {
	if c.Mode() == cluster.GlobalHeartbeat {
		return nil
	}
	return fmt.Errorf("cluster %s: %w: a region is started and stopped with its volume (o2cb_ctl heartbeat start DEVICE)", c.Name, heartbeat.ErrLocal)
}

// startRegions starts the regions of the volumes with these UUIDs side by side, all
// or none. The lock is held.
func (m *Manager) startRegions(ctx context.Context, kernel *configfs.FS, clusterName string, names []string) error {
	have, err := kernel.Cluster(clusterName)
	if err != nil {
		return err
	}
	// What runs already needs no device: its disk may have failed.
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(have.Regions, func(r cluster.Region) bool { return r.Name == name })
	})
	if len(missing) == 0 {
		return nil
	}
	volumes, err := m.find(ctx, m.root, missing)
	if err != nil {
		return err
	}
	requests := make([]heartbeat.Request, len(volumes))
	for i, v := range volumes {
		if v.UUID != missing[i] {
			return fmt.Errorf("region %s is volume %s: write the region as the volume's UUID in the configuration", missing[i], v.UUID)
		}
		requests[i] = heartbeat.Request{Device: v.Device, UUID: v.UUID}
	}
	_, err = m.starterOr(m.keeperOf(kernel, clusterName)).StartAll(ctx, clusterName, requests, m.progress)
	return err
}

// stopRegions stops regions, all or none. The lock is held.
func (m *Manager) stopRegions(ctx context.Context, kernel *configfs.FS, clusterName string, names []string) error {
	have, err := kernel.Cluster(clusterName)
	if err != nil {
		return err
	}
	if len(without(have.Regions, names)) == 0 {
		if _, err := m.checkUsers(ctx, have); err != nil {
			return err
		}
	}
	if err := m.withdraw(ctx); err != nil {
		return err
	}
	stopped, err := m.keeperOf(kernel, clusterName).StopAll(ctx, clusterName, names)
	if err == nil && len(stopped) < len(names) {
		err = m.shared(kernel, clusterName, names)
	}
	if err == nil || len(stopped) == 0 {
		return err
	}
	if undo := m.startRegions(context.WithoutCancel(ctx), kernel, clusterName, stopped); undo != nil {
		return fmt.Errorf("%w; then, while starting the others again: %w", err, undo)
	}
	return err
}

// shared reports the regions that run although they were stopped.
func (m *Manager) shared(kernel *configfs.FS, clusterName string, names []string) error {
	have, err := kernel.Cluster(clusterName)
	if err != nil {
		return err
	}
	for _, r := range have.Regions {
		if slices.Contains(names, r.Name) {
			return fmt.Errorf("region %s: %w", r.Name, ErrRegionShared)
		}
	}
	return nil
}
