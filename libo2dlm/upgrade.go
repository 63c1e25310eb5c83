// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// TryUpgrade makes a shared hold an exclusive one if nobody else holds the lock,
// without letting go of it in between, and returns ErrBusy if somebody does. The
// hold is as it was then. Two holders who waited for each other would wait for
// ever; so release the hold and Lock exclusively instead, and look again at what
// was read before.
//
// Like TryLock it gives those who only cache the lock JoinOptions.TryGrace to let
// go, and leaves a request in the kernel that was not granted in that time. An
// exclusive hold stays so.
func (h *Hold) TryUpgrade() error {
	if err := h.tryUpgrade(); err != nil {
		return h.resource.domain.failed(opUpgrade, h.name, err)
	}
	return nil
}

func (h *Hold) tryUpgrade() error {
	d := h.resource.domain
	end := time.Now().Add(tryLimit + max(d.tryGrace, 0))
	up, err := h.startUpgrade()
	for pause := firstPause / 8; errors.Is(err, errUnsettled) && time.Now().Before(end); pause = min(2*pause, firstPause) {
		time.Sleep(pause)
		up, err = h.startUpgrade()
	}
	if up == nil {
		return err
	}
	limit := time.NewTimer(time.Until(end))
	defer limit.Stop()
	select {
	case err = <-up.done:
	case <-limit.C:
		if up.abandon() {
			return fmt.Errorf("%w: the kernel has not answered; another process of this node waits, or a node has died", ErrBusy)
		}
		err = <-up.done
	}
	return err
}

// upgrade is a request for the exclusive level by somebody who holds the lock
// shared. Its goroutine stands in for serve meanwhile.
type upgrade struct {
	resource *resource
	dir      *directory
	done     chan error

	// Guarded by Domain.mu: whether the caller has given up, or the outcome stands.
	abandoned, decided bool
}

// errUnsettled is why an upgrade cannot start yet: the request that got the hold
// is just leaving the gate, or an upgrade that was given up is still in the kernel.
var errUnsettled = fmt.Errorf("%w: an earlier request for it is not over", ErrBusy)

// startUpgrade starts the goroutine, or returns why there is nothing to do.
func (h *Hold) startUpgrade() (*upgrade, error) {
	r := h.resource
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case h.released.Load() || r.leaving:
		return nil, ErrReleased
	case r.level == Exclusive:
		return nil, nil
	case r.holders > 1:
		return nil, fmt.Errorf("%w: this process holds it %d times", ErrBusy, r.holders)
	case r.serving:
		return nil, errUnsettled
	case d.closed:
		return nil, ErrClosed
	case d.requests >= d.maxWaiters:
		return nil, fmt.Errorf("%w: %d, the limit is JoinOptions.MaxWaiters", ErrTooManyWaiters, d.requests)
	}
	d.quiet(r) // the request's own opens would ring the alarm
	r.serving, r.upgrading = true, true
	d.requests++
	d.dir.refs++
	up := &upgrade{resource: r, dir: d.dir, done: make(chan error, 1)}
	go up.run()
	return up, nil
}

// abandon gives the upgrade up, unless its outcome stands.
func (up *upgrade) abandon() bool {
	d := up.resource.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	up.abandoned = !up.decided
	return up.abandoned
}

func (up *upgrade) isAbandoned() bool {
	d := up.resource.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	return up.abandoned
}

// run requests the level, at once and then with grace, and goes on with serve,
// because callers may have come meanwhile.
func (up *upgrade) run() {
	r := up.resource
	d := r.domain
	err := up.ask(dontWait)
	if errors.Is(err, ErrBusy) && d.tryGrace > 0 && !up.isAbandoned() {
		busy := err
		over := time.AfterFunc(d.tryGrace, func() {
			if up.abandon() {
				up.done <- busy
			}
		})
		err = up.ask(grace)
		over.Stop()
	}
	up.decide(err)
	up.end()
	r.serve()
}

// end admits those who came to share the hold meanwhile.
func (up *upgrade) end() {
	r := up.resource
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	r.upgrading = false
	if r.level == Shared && !r.leaving {
		r.admitShared()
	}
	d.requests--
	up.dir.unref()
}

// decide makes err the outcome, if the caller still waits for one.
func (up *upgrade) decide(err error) {
	d := up.resource.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	if !up.abandoned && !up.decided {
		up.decided = true
		up.done <- err
	}
}

// ask passes the gate, requests the exclusive level, and gives it to the hold.
func (up *upgrade) ask(q queueing) error {
	r := up.resource
	g := up.dir.ask(func() (int, int, error) { return up.request(q) })
	defer g.leave()
	if g.err != nil {
		return g.err
	}
	if err := up.repeat(&r.file, q, func() error { return up.give(g.fd) }); err != nil {
		closeLock(g.fd)
		return err
	}
	return nil
}

// request passes the gate and opens the lock. The gate stays open on success.
func (up *upgrade) request(q queueing) (fd, gate int, err error) {
	r := up.resource
	gate, err = up.open(&r.gate, q)
	if err != nil {
		return noFile, noFile, fmt.Errorf("gate: %w", err)
	}
	err = up.repeat(&r.gate, q, func() error { return busyFlock(flock(gate, Exclusive, unix.LOCK_NB)) })
	if err != nil {
		err = fmt.Errorf("gate: %w", err)
	} else {
		fd, err = up.open(&r.file, q)
	}
	if err != nil {
		leaveGate(gate)
		return noFile, noFile, err
	}
	return fd, gate, nil
}

// give makes fd the hold's exclusive descriptor, if the caller still waits.
func (up *upgrade) give(fd int) error {
	r := up.resource
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	if up.abandoned {
		return errUnwanted
	}
	if err := r.grant.raise(fd); err != nil {
		return err
	}
	r.level, up.decided = Exclusive, true
	r.alarm.reset()
	if r.first != nil {
		r.alarm.ring()
	}
	up.done <- nil
	return nil
}

// repeat tries, and with grace goes on trying while another process of this node
// is in the way, at whose door it knocks.
func (up *upgrade) repeat(name *lockName, q queueing, try func() error) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := try()
		if q == dontWait || !errors.Is(err, ErrBusy) || up.isAbandoned() {
			return err
		}
		knock(up.dir.fd, name)
		time.Sleep(pause)
	}
}

func busyFlock(err error) error {
	if err == unix.EWOULDBLOCK {
		return fmt.Errorf("%w: another process of this node waits for it (%w)", ErrBusy, err)
	}
	return err
}

// open opens a lock exclusively: with grace in the kernel, for as long as it takes.
func (up *upgrade) open(name *lockName, q queueing) (int, error) {
	flags, err := up.resource.domain.openFlags(q)
	if err != nil {
		return noFile, err
	}
	if q == grace && up.isAbandoned() {
		return noFile, errUnwanted
	}
	fd, err := openLock(up.dir.fd, name, Exclusive, flags)
	if err == unix.ETXTBSY || err == unix.EAGAIN {
		return noFile, fmt.Errorf("%w: another node holds or caches it (%w)", ErrBusy, err)
	}
	if err != nil {
		return noFile, fmt.Errorf("open: %w", err)
	}
	return fd, nil
}
