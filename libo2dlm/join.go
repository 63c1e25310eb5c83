// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

const (
	// DefaultMount is where dlmfs is mounted by custom, and by o2cb_ctl load.
	DefaultMount = "/dlm"

	// DefaultMaxWaiters leaves room below the 10,000 threads at which a Go
	// program dies (runtime/debug.SetMaxThreads) for two domains.
	DefaultMaxWaiters = 4096

	// DefaultTryGrace is enough for a Mutex with DefaultHoldOff and for a few
	// messages between nodes.
	DefaultTryGrace = 50 * time.Millisecond
)

// JoinOptions says how to join a domain. The zero value joins one on dlmfs.
type JoinOptions struct {
	// Mount is where dlmfs is mounted; DefaultMount when empty. With SingleNode
	// it is the directory in which the domain's directory is made; it must exist
	// and has no default.
	Mount string

	// SingleNode makes the domain a plain directory: locks exclude the goroutines
	// and processes of this machine and nobody else. It is for tests, laptops and
	// programs that run without a cluster. The file system must be a local one
	// that knows flock(2), and the files in it must be left alone.
	SingleNode bool

	// ExclusiveOnly declares that nobody, on any node, takes a lock of this domain
	// Shared. Shared is refused then, and requests need no gate (see Gate), which
	// makes those that reach the kernel several times as quick. All programs
	// that join the domain must agree. It is also the way to share locks with C
	// programs, which know no gate.
	ExclusiveOnly bool

	// TryGrace is how long TryLock and TryUpgrade wait for a cache, of another node
	// or of a Mutex, to let go of a lock that nobody holds; DefaultTryGrace when 0.
	// Negative is not at all: then a lock that another node has used last is busy,
	// and no request is left in the kernel. Over another cluster stack than o2cb it
	// is DefaultTryGrace: see the package's documentation.
	TryGrace time.Duration

	// Leaked, if set, is called with each Hold that the garbage collector finds
	// lost without Release, on a goroutine of its own. Its lock stays held until the
	// process ends. It costs each Lock some microseconds, for the stack.
	Leaked func(Leak)

	// MaxWaiters is how many lock requests of this domain may wait in the kernel
	// at a time; DefaultMaxWaiters when 0. Each of them costs a thread of the
	// operating system, however many goroutines wait for the same resource.
	// Keep the sum over all domains of a program below 10,000, and below the
	// threads that its user or container may have: beyond either limit the Go
	// runtime ends the program.
	MaxWaiters int
}

// Join joins the domain and returns it ready for locking; nil options are the
// zero JoinOptions. A node joins a domain once for all its processes: the first
// makes the domain's directory on dlmfs, which takes up to some seconds, and the
// others find it there.
//
// A domain's name has 1 to 63 bytes without slash or NUL. Programs that share
// locks join a domain of the same name.
//
// When ctx ends first, Join returns its error at once; the kernel cannot be
// interrupted and may still join the domain. The other errors are ErrName,
// ErrNotDLMFS, ErrDLMFS, ErrOffline, and whatever the kernel answered:
// unix.ENOENT when there is no mount point, unix.EACCES without the permission
// to make the directory (root's, by custom), unix.ENOTCONN when a live node
// cannot be reached, or dlm_controld has not told the kernel of any (pcmk).
func Join(ctx context.Context, domain string, opts *JoinOptions) (*Domain, error) {
	d, err := newDomain(domain, opts)
	if err == nil {
		err = d.join(ctx)
	}
	if err != nil {
		return nil, d.failed(opJoin, "", err)
	}
	return d, nil
}

// newDomain returns the domain as the options describe it, not yet joined. The
// Domain is there for its path even when an error is returned.
func newDomain(name string, opts *JoinOptions) (*Domain, error) {
	d := &Domain{
		name: name, mount: DefaultMount, gated: true,
		maxWaiters: DefaultMaxWaiters, tryGrace: DefaultTryGrace,
		resources: map[string]*resource{}, warm: map[string]struct{}{},
	}
	if opts != nil {
		d.singleNode, d.gated, d.leaked = opts.SingleNode, !opts.ExclusiveOnly, opts.Leaked
		if opts.TryGrace != 0 {
			d.tryGrace = opts.TryGrace
		}
		if opts.Mount != "" || opts.SingleNode {
			d.mount = opts.Mount
		}
		if opts.MaxWaiters != 0 {
			d.maxWaiters = opts.MaxWaiters
		}
	}
	if d.mustQueue = !d.singleNode && refusalsHang(); d.mustQueue && d.tryGrace < 0 {
		d.tryGrace = DefaultTryGrace
	}
	d.idle = sync.Pool{New: func() any { return newResource(d) }}
	d.waiters = sync.Pool{New: func() any { return &waiter{ready: make(chan struct{}, 1)} }}
	d.mutexWaiters = sync.Pool{New: func() any { return &mutexWaiter{ready: make(chan error, 1)} }}

	switch err := checkDomain(name); {
	case err != nil:
		return d, err
	case d.mount == "":
		return d, errors.New("JoinOptions.Mount is empty; SingleNode needs a directory for the domain")
	case d.maxWaiters < 0:
		return d, fmt.Errorf("JoinOptions.MaxWaiters is %d; give a positive number, or 0 for %d", d.maxWaiters, DefaultMaxWaiters)
	}
	return d, nil
}

// join opens the domain's directory on a goroutine of its own: anything that
// looks into a dlmfs in which another process is just joining or leaving a
// domain waits for that, uninterruptibly.
func (d *Domain) join(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	joined := make(chan error, 1)
	go func() { joined <- d.enter(nil) }()
	select {
	case err := <-joined:
		return err
	case <-ctx.Done():
		// Marked closed, the domain gives the directory up when it comes.
		d.close()
		return fmt.Errorf("%w; the kernel may still join the domain", ctx.Err())
	}
}

// enter opens the domain's directory in place of gone, one that was removed, or
// of none. Of several goroutines that find the same directory removed, the
// first does it and the others find it done.
func (d *Domain) enter(gone *directory) error {
	d.entering.Lock()
	defer d.entering.Unlock()

	d.mu.Lock()
	done := d.closed || d.dir != gone
	d.mu.Unlock()
	if done {
		return nil
	}

	fd, err := openDirectory(d.mount, d.name, d.singleNode)
	if err != nil {
		return err
	}
	dir, err := newDirectory(fd, d.singleNode)
	if err != nil {
		return err
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		dir.unref()
		return nil
	}
	d.dir = dir
	if gone != nil {
		gone.unref()
	}
	return nil
}

// failed returns the error of an operation on the domain or on a resource of it.
func (d *Domain) failed(op, resource string, err error) error {
	e := &Error{Op: op, Domain: d.name, Resource: resource, Err: err}
	if !errors.Is(err, ErrName) {
		e.Path = filepath.Join(d.mount, d.name, resource)
	}
	return e
}
