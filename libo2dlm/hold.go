// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Hold is a lock that is held. Any goroutine may release it, once.
//
// It is held until then, or until the process ends: a Hold that is lost to the
// garbage collector keeps its lock, because releasing a lock that somebody
// believes to hold does more harm; see JoinOptions.Leaked. The descriptors are
// closed on exec, so no child inherits the lock.
type Hold struct {
	resource *resource // not ours any more once released
	name     string
	released atomic.Bool
	leak     *leak
}

func (r *resource) newHold() *Hold { return &Hold{resource: r, name: r.name} }

// Release gives the lock back: to the kernel, and through it to whoever waits,
// here, in another process or on another node. Nothing waits in it. The node
// keeps caching the lock until another one wants it, so that the next Lock on
// this node is quick.
//
// The second Release returns ErrReleased and does nothing. Another error says
// that the descriptor was not ours any more (unix.EBADF: some other part of the
// program has closed it, and the lock was lost then).
func (h *Hold) Release() error { return h.release(opRelease, nil) }

// ReleaseAndDrop is Release, and makes the node forget the lock as well, so that
// every node sees it as free at once: it does not have to be fetched from this
// node's cache. It is for locks that mark something as owned and are seldom
// taken; a lock that is used in turn is quicker with Release.
//
// A lock that others of this node hold or wait for is only released. With the
// last node that knows the lock its value is gone, and the row of its tokens: the
// next one is made of the clock of the node that asks, see Token.
//
// Where the kernel takes longer than a second to drop the lock, because a node
// has just died, it goes on in the background.
func (h *Hold) ReleaseAndDrop() error {
	r := h.resource
	return h.release(opRelease, func() { r.drop() })
}

func (h *Hold) release(op string, after func()) error {
	d := h.resource.domain
	err := ErrReleased
	if h.released.CompareAndSwap(false, true) {
		h.leak.forget()
		if err = h.resource.leave(after); err == nil {
			return nil
		}
		err = fmt.Errorf("close: %w; the lock is not held any more, and may not have been before", err)
	}
	return d.failed(op, h.name, err)
}

// Contended returns a channel that is closed when somebody else wants the lock:
// another node, another process of this node, or another call of this process.
// Whoever holds the lock may go on, and should release it soon. The channel is
// closed at once if somebody has wanted it since it was granted, and of a hold
// that has been released. After Downgrade and TryUpgrade ask for a new one.
//
// A process that looks into the lock's file, as with cat, seems to want it, and
// o2cb_ctl offline --force asks by touching it.
//
// On a dlmfs without the capability "bast" (before Linux 2.6.36), and where the
// limits of inotify(7) or of open files are reached, the channel is closed for
// calls of this process only.
func (h *Hold) Contended() <-chan struct{} {
	r := h.resource
	d := r.domain
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.released.Load() || r.leaving {
		gone := make(chan struct{})
		close(gone)
		return gone
	}
	heard := r.alarm.listen()
	if !r.serving {
		_ = d.arm(r) // what cannot be heard is in the documentation
	}
	return heard
}

// use calls f with a descriptor of the lock, which stays open meanwhile.
func (h *Hold) use(op string, f func(g *grant, fd int) error) error {
	g := &h.resource.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	err := error(ErrReleased)
	if fd := g.any(); !h.released.Load() && fd != noFile {
		err = f(g, fd)
	}
	if err != nil {
		return h.resource.domain.failed(op, h.name, err)
	}
	return nil
}

// mustBeExclusive returns an error unless the holder may write. The caller holds g.mu.
func (g *grant) mustBeExclusive() error {
	if g.exclusive == noFile || g.lowered {
		return fmt.Errorf("%w: the hold is shared, only an exclusive one may write", unix.EBADF)
	}
	return nil
}
