// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"
	"reflect"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/settings"
)

// Preview is what [Manager.Online] would do.
type Preview struct {
	Cluster   string     `json:"cluster"`
	LocalNode string     `json:"local_node"`
	InSync    bool       `json:"in_sync"`      // nothing to do
	Loaded    bool       `json:"stack_loaded"` // whether the kernel's stack is there; else it is loaded first
	Plan      *plan.Plan `json:"plan"`
	// Interrupted is an operation that was cut short and that the next one deals with.
	Interrupted *plan.Interrupted `json:"interrupted"`
	Findings    conf.Findings     `json:"findings,omitempty"` // about the configuration, none of them in the way
	// SettingsFindings are about the settings file, none of them in the way.
	SettingsFindings settings.Findings `json:"settings_findings,omitempty"`
	// Peers is what [Manager.Peers] returned; null when it was not asked.
	Peers *PeerReport `json:"peers"`
}

// Plan returns what [Manager.Online] would do, and changes nothing. It works
// without privilege. Errors are those of Online that come before the kernel is
// touched; steps that need the cluster offline are in the plan, labelled so.
func (m *Manager) Plan(_ context.Context, name string) (*Preview, error) {
	p, err := m.preview(name)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return p, nil
}

func (m *Manager) preview(name string) (*Preview, error) {
	t, err := m.target(name)
	if err != nil {
		return nil, err
	}
	want := t.cluster
	p := &Preview{Cluster: want.Name, LocalNode: localName(want), Findings: t.findings, SettingsFindings: t.settings}
	kernel, have, err := m.running()
	if err != nil {
		return nil, err
	}
	if kernel != nil {
		_, err := kernel.Clusters()
		p.Loaded = err == nil
	}
	if p.Plan, err = plan.Between(have, want); err != nil {
		return nil, err
	}
	if p.Interrupted, err = m.Interrupted(); err != nil {
		return nil, err
	}
	p.InSync = p.Plan.Empty() && p.Loaded && p.Interrupted == nil
	return p, nil
}

// Live returns the preview without the steps that need the cluster offline.
func (p *Preview) Live() *Preview {
	live := *p
	live.Plan = p.Plan.Live()
	live.InSync = live.Plan.Empty() && p.Loaded && p.Interrupted == nil
	return &live
}

// Apply is [Manager.Online], but does what was seen in a preview or, when that is
// not the way to go any more, fails with [plan.ErrStale] and touches nothing but
// the stack, which is loaded first. Of a preview that is [Preview.Live] it does
// what is live.
func (m *Manager) Apply(ctx context.Context, seen *Preview) (Report, error) {
	t, err := m.target(seen.Cluster)
	report := Report{Findings: t.findings, SettingsFindings: t.settings}
	if err == nil {
		err = m.reach(ctx, "apply", t.cluster, &report, seen.Plan)
	}
	if err != nil {
		return report, fmt.Errorf("apply: %w", err)
	}
	return report, nil
}

// samePlan tells whether two plans do the same from the same.
func samePlan(a, b *plan.Plan) bool {
	return reflect.DeepEqual(a.Steps, b.Steps) && plan.Equal(a.Have, b.Have)
}
