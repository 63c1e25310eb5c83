// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// change makes the kernel's cluster what shape makes of it and then calls
// commit, which keeps the same change elsewhere, in the configuration file. When
// either fails, both are as before. have and want are nil for no cluster. name
// says in words what it does.
func (m *Manager) change(ctx context.Context, name string, shape func(have *cluster.Cluster) (want *cluster.Cluster, err error), commit func() error) ([]plan.Step, error) {
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	kernel, have, err := m.recovered(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.checkWhole(ctx, kernel, have); err != nil {
		return nil, err
	}
	want, err := shape(have)
	if err != nil {
		return nil, err
	}
	if want == have {
		return nil, commit()
	}
	if kernel == nil { // unloaded meanwhile
		return nil, stack.ErrNotMounted
	}
	p, err := plan.Between(have, want)
	if err != nil {
		return nil, err
	}
	if err := m.perform(ctx, kernel, operation{name: name, plan: p, commit: commit}); err != nil {
		return nil, err
	}
	return p.Steps, nil
}

// recovered returns the kernel's configfs and its cluster, once what was cut
// short is dealt with; nil and nil where there is no configfs.
func (m *Manager) recovered(ctx context.Context) (*configfs.FS, *cluster.Cluster, error) {
	kernel, err := m.kernel()
	if absent(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.recover(ctx, kernel); err != nil {
		return nil, nil, err
	}
	have, err := readCluster(kernel)
	return kernel, have, err
}
