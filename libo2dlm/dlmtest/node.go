// SPDX-License-Identifier: Apache-2.0

package dlmtest

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// Node is another node of the cluster. It has all methods of a libo2dlm.Domain; of
// the locks that it takes by its own Lock, TryLock and Want it knows, and lets go in
// Crash and Close. Its methods may be called by several goroutines.
type Node struct {
	*libo2dlm.Domain

	mu    sync.Mutex
	holds []*libo2dlm.Hold
	wants []*Request
}

// Lock is that of libo2dlm.Domain.
func (n *Node) Lock(ctx context.Context, resource string, level libo2dlm.Level) (*libo2dlm.Hold, error) {
	return n.keep(n.Domain.Lock(ctx, resource, level))
}

// TryLock is that of libo2dlm.Domain.
func (n *Node) TryLock(resource string, level libo2dlm.Level) (*libo2dlm.Hold, error) {
	return n.keep(n.Domain.TryLock(resource, level))
}

func (n *Node) keep(h *libo2dlm.Hold, err error) (*libo2dlm.Hold, error) {
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds = append(n.holds, h)
	return h, nil
}

// Want has the node ask for a lock, and returns at once. A holder learns of it by
// libo2dlm.Hold.Contended, at once or, at latest, half a second later; a Mutex hands
// the lock over.
func (n *Node) Want(resource string, level libo2dlm.Level) *Request {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Request{cancel: cancel, done: make(chan struct{})}
	n.mu.Lock()
	n.wants = append(n.wants, r)
	n.mu.Unlock()
	go func() {
		defer close(r.done)
		r.hold, r.err = n.Lock(ctx, resource, level)
	}()
	return r
}

// Crash is the death of the node: its requests are gone, the locks that it holds pass
// on at once, and of those that it holds exclusively the values are lost. (In a
// cluster they pass on when the others have declared it dead.) The node is closed
// then.
func (n *Node) Crash() error {
	return n.end(func(h *libo2dlm.Hold) error {
		err := h.SetRawValue(nil)
		if errors.Is(err, unix.EBADF) {
			return nil // shared: others have the value as well
		}
		return err
	})
}

// Close takes the node out of the cluster in good order: it gives up what it asks
// for and what it holds. It may be called again, and after Crash.
func (n *Node) Close() error {
	return n.end(func(*libo2dlm.Hold) error { return nil })
}

func (n *Node) end(leave func(*libo2dlm.Hold) error) error {
	n.mu.Lock()
	wants := n.wants
	n.wants = nil
	n.mu.Unlock()
	for _, r := range wants {
		r.cancel()
		<-r.done
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for _, h := range n.holds {
		err := leave(h)
		if errors.Is(err, libo2dlm.ErrReleased) {
			continue
		}
		errs = append(errs, err)
		if err := h.Release(); !errors.Is(err, libo2dlm.ErrReleased) {
			errs = append(errs, err)
		}
	}
	n.holds = nil
	return errors.Join(append(errs, n.Domain.Close())...)
}

// Request is what a node asks for.
type Request struct {
	cancel context.CancelFunc
	done   chan struct{}
	hold   *libo2dlm.Hold
	err    error
}

// Done returns a channel that is closed when the request has been granted or has
// failed.
func (r *Request) Done() <-chan struct{} { return r.done }

// Hold waits for the outcome of the request: the lock, or why it was not granted.
func (r *Request) Hold() (*libo2dlm.Hold, error) {
	<-r.done
	return r.hold, r.err
}

// Cancel takes the request back. If the lock was granted already it stays held.
func (r *Request) Cancel() {
	r.cancel()
	<-r.done
}

// untilDone calls f until no signal interrupts it.
func untilDone(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

// closeOnce returns a function that closes a descriptor when it is first called.
func closeOnce(fd int) func() {
	return sync.OnceFunc(func() { unix.Close(fd) })
}
