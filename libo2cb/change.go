// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// change makes the kernel's cluster what shape makes of it and then calls
// commit, which keeps the same change elsewhere, in the configuration file. When
// either fails, both are as before. have and want are nil for no cluster.
func (m *Manager) change(ctx context.Context, shape func(have *cluster.Cluster) (want *cluster.Cluster, err error), commit func() error) ([]plan.Step, error) {
	unlock, err := m.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	kernel, have, err := m.running()
	if err != nil {
		return nil, err
	}
	want, err := shape(have)
	if err != nil {
		return nil, err
	}
	if want == have {
		return nil, commit()
	}
	p, err := between(have, want)
	if err != nil {
		return nil, err
	}
	if steps := p.Offline(); len(steps) > 0 {
		return nil, &NeedsOfflineError{Cluster: have.Name, Steps: steps}
	}
	if err := m.apply(ctx, kernel, p); err != nil {
		return nil, err
	}
	if err := commit(); err != nil {
		return nil, m.takeBack(ctx, kernel, p, err)
	}
	return p.Steps, nil
}

// running returns the kernel's configfs and its cluster; nil and nil where there
// is no configfs.
func (m *Manager) running() (*configfs.FS, *cluster.Cluster, error) {
	kernel, err := m.kernel()
	if absent(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	have, err := readCluster(kernel)
	return kernel, have, err
}

// between returns the plan from one state of the kernel to another.
func between(have, want *cluster.Cluster) (*plan.Plan, error) {
	if want == nil {
		return plan.Offline(have)
	}
	return plan.Online(want, have)
}

// takeBack leads back to what p started from, whatever became of ctx, and
// returns why, with what went wrong on the way.
func (m *Manager) takeBack(ctx context.Context, kernel *configfs.FS, p *plan.Plan, why error) error {
	back, err := between(p.Want, p.Have)
	if err == nil {
		err = m.apply(context.WithoutCancel(ctx), kernel, back)
	}
	if err != nil {
		return fmt.Errorf("%w; then the kernel's cluster could not be set back: %w", why, err)
	}
	return why
}
