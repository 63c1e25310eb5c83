// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/chaos/history"
)

// user is a goroutine that uses locks.
type user struct {
	domain  *libo2dlm.Domain
	mutexes []*libo2dlm.Mutex
	files   *files
	block   []byte
	record  *recording
}

func newUser(d *libo2dlm.Domain, mutexes []*libo2dlm.Mutex, f *files, r *recording) *user {
	return &user{domain: d, mutexes: mutexes, files: f, block: alignedBlock(), record: r}
}

// run uses locks until ctx ends. The first use that goes wrong is the last.
func (u *user) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := u.once(ctx); err != nil && !errors.Is(err, context.Canceled) {
			u.record.complain(err)
			return
		}
	}
}

// once uses a resource in some way. A lock that is busy, or does not come in
// time, is left alone.
func (u *user) once(ctx context.Context) error {
	resource, level := rand.IntN(len(u.mutexes)), libo2dlm.Exclusive
	if rand.IntN(2) == 0 {
		level = libo2dlm.Shared
	}
	switch n := rand.IntN(20); {
	case n < 12:
		return u.mutex(ctx, resource, level)
	case n < 14:
		return u.lock(ctx, resource, level, history.Lock)
	case n < 15:
		return u.try(resource, level)
	case n < 16:
		return u.deadline(ctx, resource, level)
	case n < 17:
		return u.mutexDeadline(ctx, resource, level)
	case n < 18:
		return u.downgrade(ctx, resource)
	}
	return u.upgrade(ctx, resource)
}

// burst is how often a Mutex is used in turn, which is what it is for.
const burst = 200

func (u *user) mutex(ctx context.Context, resource int, level libo2dlm.Level) error {
	for range 1 + rand.IntN(burst) {
		if err := u.mutexOnce(ctx, resource, level); err != nil {
			return err
		}
	}
	return nil
}

func (u *user) mutexDeadline(ctx context.Context, resource int, level libo2dlm.Level) error {
	ctx, cancel := context.WithTimeout(ctx, patience())
	defer cancel()
	return late(u.mutexOnce(ctx, resource, level))
}

func (u *user) mutexOnce(ctx context.Context, resource int, level libo2dlm.Level) error {
	m := u.mutexes[resource]
	lock, unlock := m.Lock, m.Unlock
	if level == libo2dlm.Shared {
		lock, unlock = m.RLock, m.RUnlock
	}
	if err := lock(ctx); err != nil {
		return err
	}
	defer unlock()
	return u.look(visit{resource, level, history.Mutex, u.record.begin()}, m)
}

func (u *user) lock(ctx context.Context, resource int, level libo2dlm.Level, how history.How) error {
	h, err := u.domain.Lock(ctx, name(resource), level)
	if err != nil {
		return err
	}
	return u.hold(h, resource, level, how)
}

// hold uses what is held, and releases it.
func (u *user) hold(h *libo2dlm.Hold, resource int, level libo2dlm.Level, how history.How) error {
	return errors.Join(u.look(visit{resource, level, how, u.record.begin()}, h), h.Release())
}

func (u *user) try(resource int, level libo2dlm.Level) error {
	h, err := u.domain.TryLock(name(resource), level)
	if errors.Is(err, libo2dlm.ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	return u.hold(h, resource, level, history.TryLock)
}

// deadline cancels a Lock that does not come soon.
func (u *user) deadline(ctx context.Context, resource int, level libo2dlm.Level) error {
	ctx, cancel := context.WithTimeout(ctx, patience())
	defer cancel()
	return late(u.lock(ctx, resource, level, history.Cancelled))
}

// patience is about as long as it takes to get a lock.
func patience() time.Duration { return time.Duration(rand.IntN(5000)) * time.Microsecond }

// late makes a lock that did not come in time no error.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// downgrade goes from exclusive to shared, and must find what it wrote.
func (u *user) downgrade(ctx context.Context, resource int) error {
	h, err := u.domain.Lock(ctx, name(resource), libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	defer u.release(h)
	if err := u.look(visit{resource, libo2dlm.Exclusive, history.Lock, u.record.begin()}, h); err != nil {
		return err
	}
	before, err := value(h)
	if err != nil {
		return err
	}
	if err := h.Downgrade(); err != nil {
		return err
	}
	return u.unchanged(h, before, visit{resource, libo2dlm.Shared, history.Downgraded, u.record.begin()})
}

// upgrade goes from shared to exclusive if it can, and must find what it read.
func (u *user) upgrade(ctx context.Context, resource int) error {
	h, err := u.domain.Lock(ctx, name(resource), libo2dlm.Shared)
	if err != nil {
		return err
	}
	defer u.release(h)
	if err := u.look(visit{resource, libo2dlm.Shared, history.Lock, u.record.begin()}, h); err != nil {
		return err
	}
	before, err := value(h)
	if err != nil {
		return err
	}
	use := visit{resource, libo2dlm.Exclusive, history.Upgraded, 0}
	if err := h.TryUpgrade(); errors.Is(err, libo2dlm.ErrBusy) {
		use.level, use.how = libo2dlm.Shared, history.Lock
	} else if err != nil {
		return err
	}
	use.since = u.record.begin()
	return u.unchanged(h, before, use)
}

// unchanged looks at a hold whose level has changed, in which nobody else can have
// written.
func (u *user) unchanged(h *libo2dlm.Hold, before uint64, use visit) error {
	if after, err := value(h); err != nil || after != before {
		return fmt.Errorf("%s, %v: the value was %#x before and is %#x after (error %w)", name(use.resource), use.how, before, after, err)
	}
	return u.look(use, h)
}

func (u *user) release(h *libo2dlm.Hold) {
	if err := h.Release(); err != nil {
		u.record.complain(err)
	}
}
