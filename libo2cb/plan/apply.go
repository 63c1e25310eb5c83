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

// Reader reads the kernel's clusters. *configfs.FS is one.
type Reader interface {
	Clusters() ([]string, error)
	Cluster(name string) (*cluster.Cluster, error)
	Outline(name string) (*cluster.Cluster, error) // its nodes by name alone
	Timing(cluster string) (cluster.Timing, error)
}

// Kernel is what a plan is applied to. *configfs.FS is one but for the regions.
//
// Each operation happens whole, which it looks after itself, or fails without a
// trace.
type Kernel interface {
	Reader
	CreateCluster(name string) error
	RemoveCluster(name string) error
	AddNode(cluster string, n cluster.Node) error
	RemoveNode(cluster, node string) error
	SetHeartbeatMode(cluster string, mode cluster.HeartbeatMode) error
	SetTiming(cluster string, t cluster.Timing) error // its fields that are not zero
	StartRegions(ctx context.Context, cluster string, names []string) error
	StopRegions(ctx context.Context, cluster string, names []string) error
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
	Phase Phase `json:"phase"`
	Index int   `json:"index"` // of the step in the plan, from 0
	Step  Step  `json:"-"`     // for Undoing and Undone: the step that is taken back
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
	case len(e.Undone) == 1:
		b.WriteString("; the step before was undone")
	case len(e.Undone) > 1:
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
// each. An error of observe counts as one of the step, other than while steps are
// undone.
//
// Before the first step the kernel's cluster is read and compared with p.Have
// ([ErrStale]), after the last with p.Want, of the nodes their names
// ([ErrNotReached]). Regions count only
// for a plan that starts or stops some or removes the cluster: others leave them
// alone, and one may start or stop at any time. When anything
// fails, or ctx ends between two steps, what was done is undone, newest first;
// that is not cancelled. The undo stops at its own first failure. The error is
// an [*ApplyError].
func Apply(ctx context.Context, k Kernel, p *Plan, observe func(Event) error) error {
	if observe == nil {
		observe = func(Event) error { return nil }
	}
	if steps := p.Offline(); len(steps) > 0 {
		return &ApplyError{Step: &steps[0], Err: ErrNeedsOffline}
	}
	if err := compare(k, k.Cluster, p.Have, p.equal(), ErrStale); err != nil {
		return &ApplyError{Err: err}
	}
	for i, s := range p.Steps {
		err := context.Cause(ctx)
		if err == nil {
			err = observe(Event{Doing, i, s})
		}
		if err == nil {
			err = s.do(ctx, k)
		}
		if err != nil {
			return undo(ctx, k, p.Steps[:i], &ApplyError{Step: &s, Err: err}, observe)
		}
		if err := observe(Event{Done, i, s}); err != nil {
			return undo(ctx, k, p.Steps[:i+1], &ApplyError{Step: &s, Err: err}, observe)
		}
	}
	if err := compare(k, k.Outline, outline(p.Want), p.equal(), ErrNotReached); err != nil {
		return undo(ctx, k, p.Steps, &ApplyError{Err: err}, observe)
	}
	return nil
}

// undo takes the steps in done back and completes e.
func undo(ctx context.Context, k Kernel, done []Step, e *ApplyError, observe func(Event) error) error {
	ctx = context.WithoutCancel(ctx)
	for i := len(done) - 1; i >= 0; i-- {
		s := done[i]
		if back, ok := s.Undo(); ok {
			_ = observe(Event{Undoing, i, s}) // no reason to stop half way
			if err := back.do(ctx, k); err != nil {
				e.UndoErr = fmt.Errorf("%s: %w", back, err)
				e.Left = slices.Clone(done[:i+1])
				return e
			}
			_ = observe(Event{Undone, i, s})
		}
		e.Undone = append(e.Undone, s)
	}
	return e
}

// Revert takes steps back, newest first, as far as they stand: of a step that left
// nothing there is nothing to take back. It is for the steps of an operation that
// was cut short, of which the last may have been taken or not, and leaves alone
// what others have changed since. It is not cancelled, stops at the first failure,
// and returns what it did.
func Revert(ctx context.Context, k Kernel, steps []Step) (done []Step, err error) {
	ctx = context.WithoutCancel(ctx)
	for i := len(steps) - 1; i >= 0; i-- {
		back, ok := steps[i].Undo()
		if !ok {
			continue
		}
		is, err := readWith(k, k.Outline)
		if err != nil {
			return done, fmt.Errorf("%s: %w", back, err)
		}
		if back = back.rest(is); back.Kind == "" {
			continue
		}
		if err := back.do(ctx, k); err != nil {
			return done, fmt.Errorf("%s: %w", back, err)
		}
		done = append(done, back)
	}
	return done, nil
}

// Read returns the kernel's cluster with its timing, nil when it has none.
func Read(k Reader) (*cluster.Cluster, error) { return readWith(k, k.Cluster) }

// readWith is Read with the part of k that reads the cluster.
func readWith(k Reader, read func(name string) (*cluster.Cluster, error)) (*cluster.Cluster, error) {
	names, err := k.Clusters()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	c, err := read(names[0])
	if err != nil {
		return nil, err
	}
	c.Timing, err = k.Timing(names[0])
	return c, err
}

// outline returns c with its nodes by name alone.
func outline(c *cluster.Cluster) *cluster.Cluster {
	if c == nil {
		return nil
	}
	named := *c
	named.Nodes = make([]cluster.Node, len(c.Nodes))
	for i, n := range c.Nodes {
		named.Nodes[i].Name = n.Name
	}
	return &named
}

// compare returns nil when what is read of the kernel's cluster is the same as
// want, and otherwise mismatch with what is and what should be.
func compare(k Reader, read func(name string) (*cluster.Cluster, error), want *cluster.Cluster, same func(is, want *cluster.Cluster) bool, mismatch error) error {
	is, err := readWith(k, read)
	if err != nil {
		return fmt.Errorf("reading the cluster back: %w", err)
	}
	if !same(is, want) {
		return fmt.Errorf("%w: it has %s, not %s", mismatch, describe(is), describe(want))
	}
	return nil
}

// equal returns how p compares clusters.
func (p *Plan) equal() func(is, want *cluster.Cluster) bool {
	touchesRegions := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == StartRegions || s.Kind == StopRegions })
	if p.Want == nil || touchesRegions {
		return equalWithRegions
	}
	return equalButRegions
}

// Equal tells whether two clusters are the same to the kernel: the order of nodes
// and regions means nothing, and neither does a setting that want leaves open.
// Regions count in global mode; in local mode they come and go with mounts.
func Equal(is, want *cluster.Cluster) bool {
	if want != nil && want.Mode() != cluster.GlobalHeartbeat {
		return equalButRegions(is, want)
	}
	return equalWithRegions(is, want)
}

func equalWithRegions(is, want *cluster.Cluster) bool {
	return equalButRegions(is, want) && (is == nil || slices.Equal(regionNames(is), regionNames(want)))
}

func equalButRegions(is, want *cluster.Cluster) bool {
	if is == nil || want == nil {
		return is == want
	}
	return is.Name == want.Name && is.Mode() == want.Mode() && want.Timing.Or(is.Timing) == is.Timing &&
		len(is.Nodes) == len(want.Nodes) && len(without(is.Nodes, want.Nodes)) == 0
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
	if timing := timingText(c.Timing, cluster.Timing{}); timing != "" {
		parts = append(parts, timing)
	}
	for _, n := range c.Nodes {
		parts = append(parts, nodeText(&n))
	}
	for _, name := range regionNames(c) {
		parts = append(parts, "region "+name)
	}
	return strings.Join(parts, "; ")
}
