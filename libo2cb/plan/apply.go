// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Kernel is what a plan is applied to. *configfs.FS is one.
//
// Each operation happens whole or fails without a trace.
type Kernel interface {
	Clusters() ([]string, error)
	Cluster(name string) (*cluster.Cluster, error)
	CreateCluster(name string) error
	RemoveCluster(name string) error
	AddNode(cluster string, n cluster.Node) error
	RemoveNode(cluster, node string) error
	SetHeartbeatMode(cluster string, mode cluster.HeartbeatMode) error
}

// Phase is where a step stands in an [Event].
type Phase string

// The phases. Doing and Undoing come before the kernel is touched, so that a
// journal can know about a step that a crash cut short.
const (
	Doing   Phase = "doing"
	Done    Phase = "done"
	Undoing Phase = "undoing"
	Undone  Phase = "undone"
)

// Event is one moment of Apply. When a step or its undo fails, its second event
// does not come.
type Event struct {
	Phase Phase
	Step  Step // for Undoing and Undone: the step that is taken back
}

// ErrStale is the cause of a failure when the kernel's cluster is not what the
// plan was computed from: somebody else changed it.
var ErrStale = errors.New("the kernel's cluster changed since the plan was made")

// ErrNeedsOffline is the cause of a failure when a step cannot be taken while
// the cluster is alive.
var ErrNeedsOffline = errors.New("it needs the cluster offline")

// ErrNotReached is the cause of a failure when every step succeeded and the
// kernel's cluster is still not the wanted one.
var ErrNotReached = errors.New("the kernel's cluster is not what the steps lead to")

// ApplyError is a plan that failed. Without UndoErr the kernel has what it had
// before.
type ApplyError struct {
	Step    *Step  // the step that failed; nil before the first and after the last
	Err     error  // why
	Undone  []Step // the steps taken back, newest first
	UndoErr error  // why the next of them could not be taken back; nil when all were
	Left    []Step // the steps that stand, oldest first
}

// Error returns one line: the step, the cause, and what is left if the undo
// failed too.
func (e *ApplyError) Error() string {
	var b strings.Builder
	if e.Step != nil {
		b.WriteString(e.Step.String() + ": ")
	}
	b.WriteString(e.Err.Error())
	switch {
	case e.UndoErr != nil:
		left := make([]string, len(e.Left))
		for i, s := range e.Left {
			left[i] = s.String()
		}
		fmt.Fprintf(&b, "; undoing failed (%v), and this stands: %s", e.UndoErr, strings.Join(left, "; "))
	case len(e.Undone) > 0:
		fmt.Fprintf(&b, "; the %d steps before were undone", len(e.Undone))
	}
	return b.String()
}

// Unwrap returns the cause and, if any, the undo's failure.
func (e *ApplyError) Unwrap() []error {
	if e.UndoErr != nil {
		return []error{e.Err, e.UndoErr}
	}
	return []error{e.Err}
}

// Apply takes the steps of p in order and tells observe, which may be nil, of
// each.
//
// Before the first step the kernel's cluster is read and compared with p.Have
// ([ErrStale]), after the last with p.Want ([ErrNotReached]). Regions count only
// for a plan that removes the cluster: others leave them alone, and one may start
// or stop at any time. When anything
// fails, or ctx ends between two steps, what was done is undone, newest first;
// that is not cancelled. The undo stops at its own first failure. The error is
// an [*ApplyError].
func Apply(ctx context.Context, k Kernel, p *Plan, observe func(Event)) error {
	if observe == nil {
		observe = func(Event) {}
	}
	if steps := p.Offline(); len(steps) > 0 {
		return &ApplyError{Step: &steps[0], Err: ErrNeedsOffline}
	}
	before := equal
	if p.Want == nil {
		before = equalWithRegions
	}
	if err := compare(k, p.Have, before, ErrStale); err != nil {
		return &ApplyError{Err: err}
	}
	for i, s := range p.Steps {
		err := context.Cause(ctx)
		if err == nil {
			observe(Event{Doing, s})
			err = s.do(k)
		}
		if err != nil {
			return undo(k, p.Steps[:i], &ApplyError{Step: &s, Err: err}, observe)
		}
		observe(Event{Done, s})
	}
	if err := compare(k, p.Want, equal, ErrNotReached); err != nil {
		return undo(k, p.Steps, &ApplyError{Err: err}, observe)
	}
	return nil
}

// undo takes the steps in done back and completes e.
func undo(k Kernel, done []Step, e *ApplyError, observe func(Event)) error {
	for i := len(done) - 1; i >= 0; i-- {
		s := done[i]
		if back, ok := s.Undo(); ok {
			observe(Event{Undoing, s})
			if err := back.do(k); err != nil {
				e.UndoErr = fmt.Errorf("%s: %w", back, err)
				e.Left = slices.Clone(done[:i+1])
				return e
			}
			observe(Event{Undone, s})
		}
		e.Undone = append(e.Undone, s)
	}
	return e
}

// Read returns the kernel's cluster, nil when it has none.
func Read(k Kernel) (*cluster.Cluster, error) {
	names, err := k.Clusters()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	return k.Cluster(names[0])
}

// compare returns nil when the kernel's cluster is the same as want, and
// otherwise mismatch with what is and what should be.
func compare(k Kernel, want *cluster.Cluster, same func(a, b *cluster.Cluster) bool, mismatch error) error {
	is, err := Read(k)
	if err != nil {
		return fmt.Errorf("reading the cluster back: %w", err)
	}
	if !same(is, want) {
		return fmt.Errorf("%w: it has %s, not %s", mismatch, describe(is), describe(want))
	}
	return nil
}

// equal compares two clusters without their regions, as the kernel sees them: the
// order of nodes means nothing.
func equal(a, b *cluster.Cluster) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Name == b.Name && a.Mode() == b.Mode() &&
		len(a.Nodes) == len(b.Nodes) && len(without(a.Nodes, b.Nodes)) == 0
}

// equalWithRegions compares the names of the regions besides.
func equalWithRegions(a, b *cluster.Cluster) bool {
	return equal(a, b) && (a == nil || slices.Equal(regionNames(a), regionNames(b)))
}

func regionNames(c *cluster.Cluster) []string {
	var names []string
	for _, r := range c.Regions {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

// describe prints a cluster in one line.
func describe(c *cluster.Cluster) string {
	if c == nil {
		return "no cluster"
	}
	parts := []string{fmt.Sprintf("cluster %s (%s heartbeat)", c.Name, c.Mode())}
	for _, n := range c.Nodes {
		parts = append(parts, nodeText(&n))
	}
	for _, name := range regionNames(c) {
		parts = append(parts, "region "+name)
	}
	return strings.Join(parts, "; ")
}
