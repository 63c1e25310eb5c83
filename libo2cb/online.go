// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Report is what an operation did: Online, Register, Apply, Offline, Undo.
type Report struct {
	Cluster   string         `json:"cluster"`              // empty when there was none to take offline
	LocalNode string         `json:"local_node,omitempty"` // Online only
	Online    bool           `json:"online"`               // as in Status: in global mode only while a heartbeat region runs
	Stack     []stack.Action `json:"stack,omitempty"`      // done or found done, before the steps
	Left      []string       `json:"left,omitempty"`       // idle lock domains that Offline left
	Steps     []plan.Step    `json:"steps,omitempty"`      // done in the kernel's cluster, in order
	Completed []string       `json:"completed,omitempty"`  // nodes whose registration had been cut short
	// SettingsFindings are about the settings file, none of them in the way.
	SettingsFindings settings.Findings `json:"settings_findings,omitempty"`
	// Recovered is an operation that had been cut short before; this one went on
	// from what it left, or took it back first.
	Recovered *plan.Interrupted `json:"recovered,omitempty"`
	Findings  conf.Findings     `json:"findings,omitempty"` // about the configuration, none of them in the way
}

// Changed tells whether anything was done at all.
func (r Report) Changed() bool {
	for _, a := range r.Stack {
		if !a.Already {
			return true
		}
	}
	return len(r.Left)+len(r.Steps)+len(r.Completed) > 0
}

// NeedsOfflineError says that the running cluster differs from the configuration
// in ways that the kernel does not let change while it is alive.
type NeedsOfflineError struct {
	Cluster string
	Steps   []plan.Step // those that need it offline
}

// Error returns one line with the steps and what to do.
func (e *NeedsOfflineError) Error() string {
	steps := make([]string, len(e.Steps))
	for i, s := range e.Steps {
		steps[i] = s.String()
	}
	return fmt.Sprintf("cluster %s is alive and needs to be offline for this: %s; o2cb_ctl offline %s, then online again",
		e.Cluster, strings.Join(steps, "; "), e.Cluster)
}

// Online makes the kernel's cluster like the one called name in the
// configuration; an empty name is that of the cluster to start at boot (O2CB_BOOTCLUSTER of
// the settings), if the file has it, and else of the only one. It loads the
// stack first, sets the timing that the settings have, and in global mode starts
// and stops heartbeat regions, which takes the kernel 10 s. In local mode regions
// belong to volumes and are left alone. Needs root.
//
// Before the kernel is touched file and settings are validated
// ([*conf.InvalidError], [*settings.InvalidError], [*OtherStackError]), the cluster and the local node are looked for ([*UnknownClusterError],
// [*cluster.LocalNodeError], [*UnknownNodeError]) and the local node's address is
// compared with those of this host ([*LocalAddressError]). A step that the
// kernel refuses is an [*plan.ApplyError] with a [*configfs.Error] inside, and
// the steps before it are undone. Another running cluster is a
// [*plan.OtherClusterError], a change that a living cluster does not take a
// [*NeedsOfflineError].
//
// The report tells what was done, also on failure; when nothing had to be,
// its Changed is false.
func (m *Manager) Online(ctx context.Context, name string) (Report, error) {
	t, err := m.target(name)
	report := Report{Findings: t.findings, SettingsFindings: t.settings}
	if err == nil {
		err = m.reach(ctx, "online", t.cluster, &report, nil)
	}
	if err != nil {
		return report, fmt.Errorf("online: %w", err)
	}
	return report, nil
}

// Register is Online for the cluster, its mode and its nodes alone: timing and
// heartbeat are left alone. It is what the C programs do at this.
func (m *Manager) Register(ctx context.Context, name string) (Report, error) {
	want, findings, err := m.wanted(name)
	report := Report{Findings: findings}
	if err == nil {
		want.Regions = nil
		err = m.reach(ctx, "register", want, &report, nil)
	}
	if err != nil {
		return report, fmt.Errorf("register: %w", err)
	}
	return report, nil
}

// reach loads the stack and makes the kernel's cluster like want. seen, unless
// nil, is the plan that has to come of it.
func (m *Manager) reach(ctx context.Context, name string, want *cluster.Cluster, report *Report, seen *plan.Plan) error {
	report.Cluster = want.Name
	report.LocalNode = localName(want)
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if report.Stack, err = m.stack.Load(ctx, nil); err != nil {
		return err
	}
	kernel, err := m.kernel()
	if err != nil {
		return err
	}
	if report.Recovered, err = m.recover(ctx, kernel); err != nil {
		return err
	}
	p, err := m.lead(ctx, name, kernel, want, seen)
	if err != nil {
		return err
	}
	report.Steps = p.Steps
	report.Online = isOnline(p.Want)
	report.Completed, err = complete(kernel, want, report.Steps)
	return err
}

// lead leads the kernel's cluster to want and returns the way it took.
func (m *Manager) lead(ctx context.Context, name string, kernel *configfs.FS, want *cluster.Cluster, seen *plan.Plan) (*plan.Plan, error) {
	have, err := readCluster(kernel)
	if err != nil {
		return nil, err
	}
	if err := m.checkWhole(ctx, kernel, have); err != nil {
		return nil, err
	}
	p, err := plan.Between(have, want)
	if err != nil {
		return nil, err
	}
	if seen != nil && !samePlan(p, seen) {
		if p = p.Live(); !samePlan(p, seen) {
			return nil, fmt.Errorf("%w; o2cb_ctl plan shows the new one", plan.ErrStale)
		}
	}
	if err := m.perform(ctx, kernel, operation{name: name, plan: p}); err != nil {
		return nil, err
	}
	return p, nil
}

// complete finishes the registration of node number 0 where a crash cut it short
// just before its number: it reads like a whole node then, and a plan cannot see
// the difference.
func complete(kernel *configfs.FS, want *cluster.Cluster, steps []plan.Step) ([]string, error) {
	for _, n := range want.Nodes {
		if n.Number != 0 || n.Local || added(steps, n.Name) {
			continue
		}
		missing, err := kernel.NumberNode(want.Name, n.Name, n.Number)
		if err != nil || !missing {
			return nil, err
		}
		return []string{n.Name}, nil
	}
	return nil, nil
}

func added(steps []plan.Step, node string) bool {
	for _, s := range steps {
		if s.Kind == plan.AddNode && s.Node.Name == node {
			return true
		}
	}
	return false
}

// localName returns the name of the node that is marked as the local one.
func localName(c *cluster.Cluster) string {
	for _, n := range c.Nodes {
		if n.Local {
			return n.Name
		}
	}
	return ""
}
