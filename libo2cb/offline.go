// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"golang.org/x/sys/unix"
)

// NotOnlineError says that the cluster that is to go offline is not the one that
// is online.
type NotOnlineError struct {
	Name   string // what was asked for
	Online string // what is in the kernel; empty for nothing
}

// Error returns one line with what is online.
func (e *NotOnlineError) Error() string {
	if e.Online == "" {
		return fmt.Sprintf("cluster %s is not online", e.Name)
	}
	return fmt.Sprintf("cluster %s is not online, cluster %s is", e.Name, e.Online)
}

// Offline removes the kernel's cluster, in global mode its heartbeat first, then
// node by node; name may be empty, or must be that cluster's. It works on what the kernel has, whatever the configuration
// says. Without a cluster it does nothing. Needs root.
//
// It looks first: mounted volumes, lock domains that processes have open, and in
// local mode heartbeat regions without a mount are an [*InUseError] that names them all, and nothing is
// touched. Nobody is stopped. Lock domains that nobody has open are left before
// the first node goes, and stay left if a later step fails: their value blocks go
// if no other node knows them, as they would with the cluster. A step that the
// kernel refuses is an [*plan.ApplyError], and the steps before it are undone.
func (m *Manager) Offline(ctx context.Context, name string) (Report, error) {
	report, err := m.offline(ctx, name)
	if err != nil {
		return report, fmt.Errorf("offline: %w", err)
	}
	return report, nil
}

func (m *Manager) offline(ctx context.Context, name string) (Report, error) {
	var report Report
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return report, err
	}
	defer unlock()
	kernel, err := m.kernel()
	if absent(err) {
		return report, nil
	}
	if err != nil {
		return report, err
	}
	if report.Recovered, err = m.recover(ctx, kernel); err != nil {
		return report, err
	}
	have, err := readCluster(kernel)
	if err != nil {
		return report, err
	}
	if have == nil {
		return report, m.perform(ctx, kernel, operation{name: "offline", plan: &plan.Plan{}})
	}
	report.Cluster = have.Name
	if name != "" && name != have.Name {
		return report, &NotOnlineError{Name: name, Online: have.Name}
	}
	idle, err := m.checkUsers(ctx, have)
	if err != nil {
		return report, err
	}
	if report.Left, err = m.leave(idle); err != nil {
		return report, err
	}
	p, err := plan.Between(have, nil)
	if err != nil {
		return report, err
	}
	if err := m.perform(ctx, kernel, operation{name: "offline", plan: p}); err != nil {
		return report, err
	}
	report.Steps = p.Steps
	return report, nil
}

// checkUsers refuses while anybody uses the cluster and returns the lock domains
// that nobody has open.
func (m *Manager) checkUsers(ctx context.Context, have *cluster.Cluster) (idle []string, err error) {
	e, idle, err := m.users(ctx)
	if err != nil {
		return nil, err
	}
	e.Cluster = have.Name
	// In global mode the regions stop with the cluster. In local mode a region
	// belongs to a mount, and goes with it; with no mount in sight somebody forgot
	// it, or it belongs to a mount we cannot see.
	if have.Mode() != cluster.GlobalHeartbeat && len(e.Mounts) == 0 {
		e.Regions = have.Regions
	}
	if !e.empty() {
		return nil, e
	}
	return idle, nil
}

// leave leaves lock domains: it removes their files and them. The kernel refuses
// (EBUSY) what somebody has taken meanwhile.
func (m *Manager) leave(names []string) (left []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	mountPoint, err := m.stack.DLMFS()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := leaveDomain(filepath.Join(mountPoint, name)); err != nil {
			return left, fmt.Errorf("leave lock domain %s: %w", name, err)
		}
		left = append(left, name)
	}
	return left, nil
}

func leaveDomain(path string) error {
	locks, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, l := range locks {
		file := filepath.Join(path, l.Name())
		if err := unix.Unlink(file); err != nil {
			return &os.PathError{Op: "unlink", Path: file, Err: err}
		}
	}
	if err := unix.Rmdir(path); err != nil {
		return &os.PathError{Op: "rmdir", Path: path, Err: err}
	}
	return nil
}
