// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// ErrNoCluster says that the kernel has no cluster in which a heartbeat could run.
var ErrNoCluster = errors.New("no cluster is online (o2cb_ctl online)")

// Heartbeat is a running region of the kernel's cluster and its users.
type Heartbeat struct {
	Region     string `json:"region"`           // the volume's UUID
	Device     string `json:"device,omitempty"` // the kernel's short name; empty while the region is started
	References int    `json:"references"`       // the count that the C helpers share
}

// StartHeartbeat adds a user to the heartbeat of a volume, in local mode, and
// starts it if that is the first one. target is a device or a volume's UUID. The
// start takes the kernel about 10 s, or 6 s when another region runs; progress,
// which may be nil, is called once a second meanwhile. Needs root.
//
// A mounted volume has its own user: this is for a lock domain without a mount.
// The count is the one of the C program ocfs2_hb_ctl, and the user stays until
// [Manager.StopHeartbeat]. Errors are [ErrNoCluster], those of
// [heartbeat.Keeper.Start], and those of looking for the volume. It waits for
// [Manager.Online], [Manager.Offline] and [Manager.StopHeartbeat] of others, and
// they for it ([ErrLocked]); starts go side by side.
func (m *Manager) StartHeartbeat(ctx context.Context, target string, progress func(elapsed, expected time.Duration)) (*heartbeat.Result, error) {
	ctx, unlock, err := m.lockShared(ctx)
	if err != nil {
		return nil, fmt.Errorf("start heartbeat on %s: %w", target, err)
	}
	defer unlock()
	keeper, name, err := m.keeper()
	if err != nil {
		return nil, fmt.Errorf("start heartbeat on %s: %w", target, err)
	}
	request := heartbeat.Request{Cluster: name, Device: target, Progress: progress}
	if !isPath(target) {
		found, err := m.find(ctx, m.root, []string{target})
		if err != nil {
			return nil, fmt.Errorf("start heartbeat: %w", err)
		}
		request.Device, request.UUID = found[0].Device, found[0].UUID
	}
	return m.starterOr(keeper).Start(ctx, request)
}

// starterOr returns who starts regions, which is keeper unless another process
// does it.
func (m *Manager) starterOr(keeper *heartbeat.Keeper) Starter {
	if m.starter != nil {
		return m.starter
	}
	return keeper
}

// Keeper returns who keeps the regions of the kernel's cluster, without what makes
// the methods of Manager exclude each other: it is for the process that starts
// regions on behalf of one, see [Options].Starter. It fails with [ErrNoCluster].
func (m *Manager) Keeper() (*heartbeat.Keeper, error) {
	keeper, _, err := m.keeper()
	return keeper, err
}

// StopHeartbeat takes one user of a region away, and stops the region with the
// last. target is a device or a volume's UUID. stopped says whether the region is
// gone. Needs root.
//
// While the region's volume is mounted the kernel refuses with EBUSY, and the
// user stays. It would not mind lock domains of dlmfs, and the other nodes would
// give out the locks that are held here: so, before the last region of this node
// stops, domains that processes have open are an [*InUseError], which is EBUSY
// too, and the user stays. Domains that nobody has open are left, as
// [Manager.Offline] does it, even when the kernel refuses afterwards. Nothing
// stops a process from joining a domain in the instant between.
//
// It excludes all that changes the cluster ([ErrLocked]).
func (m *Manager) StopHeartbeat(ctx context.Context, target string) (region string, stopped bool, err error) {
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return "", false, fmt.Errorf("stop heartbeat on %s: %w", target, err)
	}
	defer unlock()
	keeper, name, err := m.keeper()
	if err != nil {
		return "", false, fmt.Errorf("stop heartbeat on %s: %w", target, err)
	}
	region, err = RegionOf(target)
	if err != nil {
		return "", false, fmt.Errorf("stop heartbeat: %w", err)
	}
	stopped, err = keeper.Stop(ctx, name, region, heartbeat.Persistent)
	return region, stopped, err
}

// vacate makes sure that this node has no lock domain: it refuses while a process
// has one open and leaves the others.
func (m *Manager) vacate(ctx context.Context, clusterName string) error {
	domains, err := m.domains(ctx)
	if err != nil {
		return err
	}
	idle, used := divide(domains)
	if len(used) > 0 {
		return fmt.Errorf("it is this node's last, without which other nodes give out the locks held here, and %w",
			&InUseError{Cluster: clusterName, Domains: used})
	}
	_, err = m.leave(idle)
	return err
}

// Heartbeats returns the running regions and how many users each has. Without a
// cluster there are none.
func (m *Manager) Heartbeats() ([]Heartbeat, error) {
	keeper, name, err := m.keeper()
	if errors.Is(err, ErrNoCluster) {
		return []Heartbeat{}, nil
	}
	if err != nil {
		return nil, err
	}
	states, err := keeper.Regions(name)
	if err != nil {
		return nil, err
	}
	all := make([]Heartbeat, len(states))
	for i, s := range states {
		all[i] = Heartbeat{Region: s.Name, Device: s.Device, References: s.References}
	}
	return all, nil
}

// References returns how many users the region has that target names, a device
// or a UUID, by the count that the C helpers share. A region that does not run
// has none; no cluster need be online. The count needs root.
func (m *Manager) References(target string) (region string, n int, err error) {
	region, err = RegionOf(target)
	if err != nil {
		return "", 0, err
	}
	n, _, err = heartbeat.New(nil, nil).References(region)
	return region, n, err
}

// RegionOf returns the region that target names: the UUID of the volume on a
// device; or target itself when it is no path, as the kernel writes it when it is
// a UUID, upper or lower case, with or without dashes.
func RegionOf(target string) (string, error) {
	if !isPath(target) {
		return normalize(target), nil
	}
	v, err := volume.Open(target)
	if err != nil {
		return "", err
	}
	return v.UUID, nil
}

// normalize writes a UUID as the kernel does, and leaves anything else alone.
func normalize(target string) string {
	plain := strings.ReplaceAll(target, "-", "")
	if raw, err := hex.DecodeString(plain); err != nil || len(raw) != 16 {
		return target
	}
	return strings.ToUpper(plain)
}

// isPath tells a device's path from a UUID.
func isPath(target string) bool { return strings.Contains(target, "/") }

// keeper returns who keeps the regions of the kernel's cluster, and its name.
func (m *Manager) keeper() (*heartbeat.Keeper, string, error) {
	kernel, name, err := m.onlineCluster()
	if err != nil {
		return nil, "", err
	}
	return m.keeperOf(kernel, name), name, nil
}

// keeperOf returns who keeps the regions of a cluster.
func (m *Manager) keeperOf(kernel *configfs.FS, name string) *heartbeat.Keeper {
	return heartbeat.New(kernel, func(ctx context.Context) error { return m.vacate(ctx, name) })
}

// onlineCluster returns the kernel's configfs and the name of the cluster in it,
// or ErrNoCluster.
func (m *Manager) onlineCluster() (*configfs.FS, string, error) {
	kernel, err := m.kernel()
	if absent(err) {
		return nil, "", ErrNoCluster
	}
	if err != nil {
		return nil, "", err
	}
	names, err := kernel.Clusters()
	if err != nil {
		return nil, "", err
	}
	if len(names) == 0 {
		return nil, "", ErrNoCluster
	}
	return kernel, names[0], nil
}
