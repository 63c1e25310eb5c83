// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

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
		return errors.Join(op.finish(), journal.End())
	}
	if steps := op.plan.Offline(); len(steps) > 0 {
		return &NeedsOfflineError{Cluster: op.plan.Have.Name, Steps: steps}
	}
	entry, err := m.begin(journal, op)
	if err != nil {
		return err
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

// committed tells whether the file of an operation has another content than before.
func committed(entry plan.Entry) bool {
	if entry.Commit == nil {
		return false
	}
	now, err := sum(entry.Commit.Path)
	return err == nil && now != entry.Commit.Sum
}

func (op operation) finish() error {
	if op.commit == nil {
		return nil
	}
	return op.commit()
}

// begin notes the operation.
func (m *Manager) begin(journal *plan.Journal, op operation) (plan.Entry, error) {
	entry := plan.Entry{Operation: op.name, PID: os.Getpid(), Begun: time.Now(), Plan: op.plan}
	if op.commit != nil {
		sum, err := sum(m.config)
		if err != nil {
			return entry, err
		}
		entry.Commit = &plan.Commit{Path: m.config, Sum: sum}
	}
	return entry, rootOnly(journal.Begin(entry))
}

// apply applies a plan, and notes and logs its steps.
func (m *Manager) apply(ctx context.Context, journal *plan.Journal, kernel *configfs.FS, p *plan.Plan) error {
	return plan.Apply(ctx, kernelWithRegions{kernel, m, ctx}, p, func(e plan.Event) error {
		m.log.WithField("phase", string(e.Phase)).Debug(e.Step.String())
		return errors.Join(journal.Note(e), m.observe(e))
	})
}

// takeBack leads back to what p started from, whatever became of ctx, and
// returns why, with what went wrong on the way.
func (m *Manager) takeBack(ctx context.Context, kernel *configfs.FS, p *plan.Plan, why error) error {
	back, err := plan.Between(p.Want, p.Have)
	if err == nil {
		ctx := context.WithoutCancel(ctx)
		err = plan.Apply(ctx, kernelWithRegions{kernel, m, ctx}, back, nil)
	}
	if err != nil {
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
		return err
	case err != nil:
		return errors.Join(err, journal.End())
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
// kernel is undone, if the file is as it was: the two must not differ. Any other
// left a state that the next operation starts from like from any state; its note
// goes when that one begins its own. The lock is held.
//
// It tries once: when the way back fails the note goes all the same.
func (m *Manager) recover(ctx context.Context, kernel *configfs.FS) (*plan.Interrupted, error) {
	journal, err := m.journal()
	if err != nil {
		return nil, err
	}
	i, err := journal.Read()
	if i == nil || err != nil || i.Commit == nil {
		return i, err
	}
	if !committed(i.Entry) {
		err = m.goBack(ctx, kernel, i)
	}
	if err = errors.Join(err, journal.End()); err != nil {
		return i, fmt.Errorf("%s, and cannot be undone; it stays as it is: %w", i, err)
	}
	return i, nil
}

// goBack leads from what there is to what an operation started from.
func (m *Manager) goBack(ctx context.Context, kernel *configfs.FS, i *plan.Interrupted) error {
	have, err := readCluster(kernel)
	if err != nil {
		return err
	}
	back, err := plan.Between(have, i.Plan.Have)
	if err != nil {
		return err
	}
	if steps := back.Offline(); len(steps) > 0 {
		return &NeedsOfflineError{Cluster: have.Name, Steps: steps}
	}
	m.log.WithField("operation", i.Operation).Debug("undo what was cut short")
	return plan.Apply(ctx, kernelWithRegions{kernel, m, ctx}, back, nil)
}

// sum identifies the content of a file; empty for no file.
func sum(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:]), nil
}
