// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// finder returns the processes that use the cluster.
type finder func(context.Context) ([]suspect, error)

// crowd is the processes that use the cluster, and what leads them out.
type crowd struct {
	ladder Ladder
	find   finder
	send   func(ctx context.Context, some []suspect, find finder, sig unix.Signal, tell func(suspect)) error
	spare  func(some []suspect) error // refuses when one of them gets no signal
	knock  func(ctx context.Context, files []string)
	act    func(Eviction)
}

// rounds is how often those are led out who came while others were: a shell whose
// command was ended starts the next one.
const rounds = 3

// disperse leads all of them out: asks, terminates, kills.
func (c *crowd) disperse(ctx context.Context) error {
	left, err := c.ask(ctx)
	for range rounds {
		if err != nil || len(left) == 0 {
			return err
		}
		left, err = c.expel(ctx, left)
	}
	if err != nil || len(left) == 0 {
		return err
	}
	return errors.New("others come as fast as they are ended: stop what starts them")
}

// ask asks for locks, and looks whether those who wait in the kernel get anywhere.
func (c *crowd) ask(ctx context.Context) ([]suspect, error) {
	before, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(before), func(s suspect) bool { return len(s.locks) == 0 })
	for _, s := range asked {
		c.act(eviction(Ask, s, c.ladder.Ask))
		c.knock(ctx, s.locks)
	}
	waiting := slices.DeleteFunc(slices.Clone(before), func(s suspect) bool { return len(s.waits) == 0 })
	if len(asked)+len(waiting) == 0 {
		return before, nil
	}
	now, err := c.await(ctx, c.ladder.Ask, func(now []suspect) bool {
		left := holding(among(asked, now))
		for _, s := range left { // who did not listen yet may do so by now
			c.knock(ctx, s.locks)
		}
		return len(left) == 0 && len(stuck(waiting, now)) == 0
	})
	if err != nil {
		return nil, err
	}
	if s := stuck(waiting, now); len(s) > 0 {
		return nil, &StuckError{Processes: s}
	}
	return now, nil
}

// holding returns those who have locks.
func holding(all []suspect) []suspect {
	return slices.DeleteFunc(all, func(s suspect) bool { return len(s.locks) == 0 })
}

// stuck returns who has been waiting since before.
func stuck(before, now []suspect) (same []Waiter) {
	for _, b := range before {
		for _, n := range among([]suspect{b}, now) {
			same = append(same, still(b.waits, n.waits)...)
		}
	}
	return same
}

// expel terminates and then kills those who are there, and returns who is there
// after that.
func (c *crowd) expel(ctx context.Context, there []suspect) ([]suspect, error) {
	if err := c.spare(there); err != nil { // who has come meanwhile
		return nil, err
	}
	for _, rung := range []struct {
		act   Act
		sig   unix.Signal
		grace time.Duration
	}{{Terminate, unix.SIGTERM, c.ladder.Terminate}, {Kill, unix.SIGKILL, c.ladder.Kill}} {
		err := c.send(ctx, there, c.find, rung.sig, func(s suspect) { c.act(eviction(rung.act, s, rung.grace)) })
		if err != nil {
			return nil, err
		}
		now, err := c.await(ctx, rung.grace, func(now []suspect) bool { return len(among(there, now)) == 0 })
		if err != nil {
			return nil, err
		}
		if there = among(there, now); len(there) == 0 {
			return now, nil
		}
	}
	e := &StuckError{}
	for _, s := range there {
		if len(s.waits) > 0 {
			e.Processes = append(e.Processes, s.waits...)
		} else {
			e.Processes = append(e.Processes, s.waiter())
		}
	}
	return nil, e
}

func eviction(act Act, s suspect, grace time.Duration) Eviction {
	return Eviction{Act: act, PID: s.pid, Command: s.command, Uses: s.uses, GraceMS: grace.Milliseconds()}
}

// lookEvery is the time between two looks at who is left.
const lookEvery = 100 * time.Millisecond

// await waits until those who are there satisfy enough, no longer than grace, and
// returns who they are.
func (c *crowd) await(ctx context.Context, grace time.Duration, enough func(now []suspect) bool) ([]suspect, error) {
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	for over := false; ; {
		now, err := c.find(ctx)
		// They may be leaving just now, which takes a while.
		if leaving := errors.Is(err, ErrDomainsChange) && !over; !leaving && (err != nil || over || enough(now)) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-deadline.C:
			over = true
		case <-time.After(lookEvery):
		}
	}
}
