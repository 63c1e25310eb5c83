// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// Load loads the modules of the o2cb stack and mounts its file systems, as far
// as they are not there. It returns what it did and found, also when it fails;
// see [stack.Stack.Load]. When the settings are for another stack it is an
// [*OtherStackError]. Needs root.
func (m *Manager) Load(ctx context.Context) ([]stack.Action, error) {
	if _, err := m.forO2CB(); err != nil {
		return []stack.Action{}, fmt.Errorf("load: %w", err)
	}
	_, unlock, err := m.lock(ctx)
	if err != nil {
		return []stack.Action{}, err
	}
	defer unlock()
	return m.stack.Load(ctx, nil)
}

// Unload leads back to what was there before [Manager.Load]. While a cluster is
// online, a lock domain joined or a volume mounted it fails with an [*InUseError],
// which names the processes, or a [*stack.InUseError], and touches nothing; see
// [stack.Stack.Unload]. Needs root.
func (m *Manager) Unload(ctx context.Context) (stack.Unloaded, error) {
	_, unlock, err := m.lock(ctx)
	if err != nil {
		return stack.Unloaded{Actions: []stack.Action{}}, err
	}
	defer unlock()
	if err := m.checkProcesses(ctx); err != nil {
		return stack.Unloaded{Actions: []stack.Action{}}, fmt.Errorf("unload: %w", err)
	}
	return m.stack.Unload(ctx, nil)
}

// checkProcesses refuses while a volume is mounted or a process uses a lock domain.
func (m *Manager) checkProcesses(ctx context.Context) error {
	users, _, err := m.users(ctx)
	if err != nil || users.empty() {
		return err
	}
	_, have, err := m.running()
	if err != nil {
		return err
	}
	if have != nil {
		users.Cluster = have.Name
	}
	return users
}
