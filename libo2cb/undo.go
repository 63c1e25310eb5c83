// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// ErrNothingToUndo says that no operation of this boot is there to be undone.
var ErrNothingToUndo = errors.New("there is nothing to undo: no operation since this machine booted, the last one changed the configuration file too, or the stack is not loaded")

// Undo leads the kernel's cluster back to what it was before the operation that
// was cut short, or, without one, before the last that succeeded: online, apply
// or offline. What changed the configuration file too has its own way back, an
// edit of the other direction. The configuration file stays as it is. Needs root.
//
// It fails with [plan.ErrStale] when the cluster was changed by somebody else
// since, and otherwise as [Manager.Offline] and [Manager.Online] do. An undone
// undo is a redo.
func (m *Manager) Undo(ctx context.Context) (Report, error) {
	report, err := m.undo(ctx)
	if err != nil {
		return report, fmt.Errorf("undo: %w", err)
	}
	return report, nil
}

func (m *Manager) undo(ctx context.Context) (Report, error) {
	var report Report
	ctx, unlock, err := m.lock(ctx)
	if err != nil {
		return report, err
	}
	defer unlock()
	kernel, err := m.kernel()
	if absent(err) {
		return report, ErrNothingToUndo
	}
	if err != nil {
		return report, err
	}
	have, err := readCluster(kernel)
	if err != nil {
		return report, err
	}
	back, err := m.undoable(have)
	if err != nil {
		return report, err
	}
	err = m.returnTo(ctx, kernel, have, back, &report)
	return report, err
}

// wayBack is an operation to be undone: its name, and the steps to be taken back,
// which need not all stand.
type wayBack struct {
	name  string
	steps []plan.Step
}

// undoable returns what is to be undone.
func (m *Manager) undoable(have *cluster.Cluster) (*wayBack, error) {
	journal, err := m.journal()
	if err != nil {
		return nil, err
	}
	i, err := journal.Read()
	if err != nil {
		return nil, err
	}
	var last *plan.Entry
	switch {
	case i == nil:
		last, err = journal.Last()
	case i.AllStand() && i.Commit == nil: // done; only its note was not ended
		last = &i.Entry
	case i.AllStand() && committed(i.Entry):
	default:
		return &wayBack{name: i.Operation, steps: i.Taken()}, nil
	}
	switch {
	case err != nil:
		return nil, err
	case last == nil:
		return nil, ErrNothingToUndo
	case !plan.Equal(have, last.Plan.Want):
		return nil, fmt.Errorf("%s by process %d cannot be taken back: %w", last.Operation, last.PID, plan.ErrStale)
	}
	return &wayBack{name: last.Operation, steps: last.Plan.Steps}, nil
}

// returnTo takes the steps of an operation back. It is an operation like any
// other, so that it can be undone, with a plan made of what takes the steps back.
func (m *Manager) returnTo(ctx context.Context, kernel *configfs.FS, have *cluster.Cluster, back *wayBack, report *Report) error {
	if have != nil {
		report.Cluster = have.Name
	}
	p := plan.Backwards(have, back.steps)
	if p.Want == nil && have != nil {
		idle, err := m.checkUsers(ctx, have)
		if err != nil {
			return err
		}
		if report.Left, err = m.leave(idle); err != nil {
			return err
		}
	}
	if err := m.perform(ctx, kernel, operation{name: "undo of " + back.name, plan: p}); err != nil {
		return err
	}
	report.Steps = p.Steps
	if p.Want != nil {
		report.Cluster, report.LocalNode = p.Want.Name, localName(p.Want)
		report.Online = isOnline(p.Want)
	}
	return nil
}
