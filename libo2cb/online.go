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
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Report is what Online or Offline did.
type Report struct {
	Cluster   string         `json:"cluster"`              // empty when there was none to take offline
	LocalNode string         `json:"local_node,omitempty"` // Online only
	Online    bool           `json:"online"`               // as in Status: in global mode only while a heartbeat region runs
	Stack     []stack.Action `json:"stack,omitempty"`      // done or found done, before the steps
	Left      []string       `json:"left,omitempty"`       // idle lock domains that Offline left
	Steps     []plan.Step    `json:"steps,omitempty"`      // done in the kernel's cluster, in order
	Completed []string       `json:"completed,omitempty"`  // nodes whose registration had been cut short
	Findings  conf.Findings  `json:"findings,omitempty"`   // about the configuration, none of them in the way
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
// configuration; name may be empty when the file has exactly one. It loads the
// stack first. Heartbeat regions it leaves alone. Needs root.
//
// Before the kernel is touched the file is validated ([*conf.InvalidError]), the
// cluster and the local node are looked for ([*UnknownClusterError],
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
	report, err := m.online(ctx, name)
	if err != nil {
		return report, fmt.Errorf("online: %w", err)
	}
	return report, nil
}

func (m *Manager) online(ctx context.Context, name string) (Report, error) {
	want, findings, err := m.wanted(name)
	report := Report{Findings: findings}
	if err != nil {
		return report, err
	}
	report.Cluster = want.Name
	report.LocalNode = localName(want)
	unlock, err := m.lock(ctx)
	if err != nil {
		return report, err
	}
	defer unlock()
	if report.Stack, err = m.stack.Load(ctx, nil); err != nil {
		return report, err
	}
	kernel, err := m.kernel()
	if err != nil {
		return report, err
	}
	if report.Steps, err = m.reach(ctx, kernel, want); err != nil {
		return report, err
	}
	if report.Completed, err = complete(kernel, want, report.Steps); err != nil {
		return report, err
	}
	have, err := readCluster(kernel)
	report.Online = have != nil && isOnline(have)
	return report, err
}

// reach makes the kernel's cluster like want and returns the steps it took.
func (m *Manager) reach(ctx context.Context, kernel *configfs.FS, want *cluster.Cluster) ([]plan.Step, error) {
	have, err := plan.Read(kernel)
	if err != nil {
		return nil, err
	}
	p, err := plan.Online(want, have)
	if err != nil {
		return nil, err
	}
	if steps := p.Offline(); len(steps) > 0 {
		return nil, &NeedsOfflineError{Cluster: want.Name, Steps: steps}
	}
	if err := m.apply(ctx, kernel, p); err != nil {
		return nil, err
	}
	return p.Steps, nil
}

// apply applies a plan and logs its steps.
func (m *Manager) apply(ctx context.Context, kernel *configfs.FS, p *plan.Plan) error {
	return plan.Apply(ctx, kernel, p, func(e plan.Event) {
		m.log.WithField("phase", string(e.Phase)).Debug(e.Step.String())
	})
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
