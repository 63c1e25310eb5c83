// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// journalFile is where an operation is noted while it changes the kernel's
// cluster. It goes with the boot, as the cluster does.
const journalFile = "run/o2cb/journal"

// bootID identifies the boot. random(4).
const bootID = "proc/sys/kernel/random/boot_id"

// journal returns the journal of this boot. Where the kernel does not tell which
// one that is, all are the same.
func (m *Manager) journal() (*plan.Journal, error) {
	boot, err := os.ReadFile(m.path(bootID))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the identity of this boot: %w", err)
	}
	return plan.NewJournal(m.path(journalFile), strings.TrimSpace(string(boot))), nil
}

// operation is a change of the kernel's cluster, and of a file after it.
type operation struct {
	name   string // in words, for people: "online"
	plan   *plan.Plan
	commit func() error // changes the configuration file; nil for none
}

// perform does an operation: the steps of its plan, then its commit. When either
// fails both are as before. Every change of the kernel's cluster goes through it:
// the journal has it from before the first step until it is done or undone, so
// that [Manager.recover] can deal with what a crash left. The lock is held.
func (m *Manager) perform(ctx context.Context, kernel *configfs.FS, op operation) error {
	journal, err := m.journal()
	if err != nil {
		return err
	}
	if op.plan.Empty() {
		if err := op.finish(); err != nil {
			return err
		}
		return journal.End()
	}
	if steps := op.plan.Offline(); len(steps) > 0 {
		return &NeedsOfflineError{Cluster: op.plan.Have.Name, Steps: steps}
	}
	entry := plan.Entry{Operation: op.name, PID: os.Getpid(), Begun: time.Now(), Plan: op.plan}
	if op.commit != nil {
		entry.Commit = &plan.Commit{Path: m.config}
	}
	if err := journal.Begin(entry); err != nil {
		return rootOnly(err)
	}
	err = m.apply(ctx, journal, kernel, op.plan)
	if err == nil {
		// A file can have its new content although not all went well: then the
		// kernel keeps the change as well, and the error says so.
		if err = op.finish(); err != nil && !committed(entry) {
			err = m.takeBack(ctx, kernel, op.plan, err)
		}
	}
	return m.conclude(journal, op, err)
}

// committed tells whether the file of an operation has what its steps put into the
// kernel, whoever wrote it.
func committed(entry plan.Entry) bool {
	if entry.Commit == nil {
		return false
	}
	file, _, err := conf.Load(entry.Commit.Path)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(entry.Plan.Steps, func(s plan.Step) bool { return !inFile(file.Cluster(s.Cluster), s) })
}

// inFile tells whether a cluster of a file, nil for none, is as if a step had been
// taken in it.
func inFile(c *cluster.Cluster, s plan.Step) bool {
	switch s.Kind {
	case plan.CreateCluster:
		return c != nil
	case plan.RemoveCluster:
		return c == nil
	case plan.AddNode:
		return c != nil && c.Node(s.Node.Name) != nil
	case plan.RemoveNode:
		return c == nil || c.Node(s.Node.Name) == nil
	case plan.StartRegions:
		return c != nil && len(without(c.Regions, s.Regions)) == len(c.Regions)-len(s.Regions)
	case plan.StopRegions:
		return c == nil || len(without(c.Regions, s.Regions)) == len(c.Regions)
	}
	return true // mode and timing are not the file's, or go with the cluster
}

func (op operation) finish() error {
	if op.commit == nil {
		return nil
	}
	return op.commit()
}

// apply applies a plan, and notes and logs its steps.
func (m *Manager) apply(ctx context.Context, journal *plan.Journal, kernel *configfs.FS, p *plan.Plan) error {
	k := &kernelWithRegions{FS: kernel, manager: m}
	defer k.Close()
	return plan.Apply(ctx, k, p, func(e plan.Event) error {
		m.log.WithField("phase", e.Phase).Debug(e.Step)
		if err := journal.Note(e); err != nil {
			return err
		}
		return m.observe(e)
	})
}

// takeBack takes the steps of p back, whatever became of ctx, and returns why,
// with what went wrong on the way.
func (m *Manager) takeBack(ctx context.Context, kernel *configfs.FS, p *plan.Plan, why error) error {
	k := &kernelWithRegions{FS: kernel, manager: m}
	defer k.Close()
	if _, err := plan.Revert(ctx, k, p.Steps); err != nil {
		return &plan.ApplyError{Err: why, UndoErr: fmt.Errorf("the kernel's cluster could not be set back: %w", err), Left: p.Steps}
	}
	return why
}

// conclude ends the note of an operation. What could not be undone keeps it, for
// the next run. An operation that succeeded is kept for [Manager.Undo], but for
// one whose file would stay behind; that its note cannot be ended is no failure of
// it, and no harm: the note says that it was done.
func (m *Manager) conclude(journal *plan.Journal, op operation, err error) error {
	var e *plan.ApplyError
	switch {
	case errors.As(err, &e) && e.UndoErr != nil:
		journal.Close()
		return err
	case err != nil:
		if end := journal.End(); end != nil {
			err = fmt.Errorf("%w; then: %w", err, end)
		}
		return err
	}
	if op.commit == nil {
		err = journal.Keep()
	} else {
		err = errors.Join(journal.Forget(), journal.End())
	}
	if err != nil {
		m.log.WithError(err).Debug("the note of what was done stays")
	}
	return nil
}

// Interrupted returns the operation that was cut short, by a crash or because its
// undo failed, nil when there is none. One that is under way is none. It needs no
// privilege.
func (m *Manager) Interrupted() (*plan.Interrupted, error) {
	journal, err := m.journal()
	if err != nil {
		return nil, err
	}
	i, err := journal.Read()
	if i == nil || err != nil {
		return nil, err
	}
	if busy, err := m.underWay(); busy || err != nil {
		return nil, err
	}
	// It may have come to its end meanwhile.
	if i, err = journal.Read(); i == nil || err != nil || !i.AllStand() {
		return i, err
	}
	if i.Commit == nil || committed(i.Entry) {
		return nil, nil
	}
	return i, nil
}

// recover deals with what an operation left that was cut short, before the next
// one begins, and returns what that was. One that had a file to change after the
// kernel is undone, if the file does not have the change: the two must not differ.
// Any other left a state that the next operation starts from like from any state;
// its note goes when that one begins its own. The lock is held.
//
// It tries once: when the way back fails the note goes all the same.
func (m *Manager) recover(ctx context.Context, kernel *configfs.FS) (*plan.Interrupted, error) {
	journal, err := m.journal()
	if err != nil {
		return nil, err
	}
	i, err := journal.Read()
	switch {
	case i == nil || err != nil:
		return nil, err
	case i.Commit == nil && i.AllStand():
		return nil, nil // done; only its note was not ended
	case i.Commit == nil:
		return i, nil
	case committed(i.Entry):
		return nil, journal.End()
	}
	m.log.WithField("operation", i.Operation).Debug("undo what was cut short")
	k := &kernelWithRegions{FS: kernel, manager: m}
	defer k.Close()
	_, err = plan.Revert(ctx, k, i.Taken())
	if end := journal.End(); err == nil {
		err = end
	}
	if err != nil {
		return i, fmt.Errorf("%s, and cannot be undone; it stays as it is: %w", i, err)
	}
	return i, nil
}
