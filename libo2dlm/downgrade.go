// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
)

// Downgrade makes an exclusive hold a shared one without letting anybody
// exclusive in between. It never waits. Those who want the lock shared and are
// first in line get it: calls of this process, other processes of this node, and
// other nodes, also those who wait already.
//
// It fails with errors.ErrUnsupported where the lock was declared ExclusiveOnly.
// A hold that is shared already stays so.
func (h *Hold) Downgrade() error {
	if err := h.downgrade(); err != nil {
		return h.resource.domain.failed(opDowngrade, h.name, err)
	}
	return nil
}

func (h *Hold) downgrade() error {
	r := h.resource
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case h.released.Load() || r.leaving:
		return ErrReleased
	case !r.gated:
		return fmt.Errorf("%w: the lock was declared ExclusiveOnly", errors.ErrUnsupported)
	case r.level == Shared:
		return nil
	}
	d.quiet(r) // its descriptor is about to be closed
	if err := r.grant.lower(); err != nil {
		return err
	}
	r.level = Shared
	r.alarm.reset()
	r.admitShared()
	if r.first != nil {
		r.alarm.ring()
	}
	return nil
}
