// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// quickUnit is the number of operations that the times of the quick ways are
// scaled to: one of them is too short to be written down in nanoseconds.
const quickUnit = 1000

const quickRounds = 60

// The names of the ways to lock.
const (
	openClosed   = "open+close"
	holdInline   = "hold"
	holdCancel   = "hold-cancellable"
	holdGated    = "hold-gated"
	holdShared   = "hold-shared"
	mutexCached  = "mutex"
	mutexRead    = "mutex-read"
	rwMutex      = "RWMutex"
	rwMutexRead  = "RWMutex-read"
	oneCall      = "getppid"
	sharedMutex  = "mutex-100-goroutines"
	sharedC      = "C-100-threads"
	sharedNative = "RWMutex-100-goroutines"
)

// scaled does a way's operations, that many a time, and says how long quickUnit take.
func scaled(name string, operations int, do func(n int) error) way {
	return way{name: name, do: func() error { return do(operations) }, operations: operations}
}

// scale makes all times those of quickUnit operations.
func scale(all times, ways []way) {
	for _, row := range all {
		for i := range row {
			row[i] = row[i] * quickUnit / time.Duration(ways[i].operations)
		}
	}
}

// batches is a C program that locks when it is told to.
type batches struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func startBatches(program, domain string, threads int) (*batches, error) {
	cmd := exec.Command(program, domain, "batch", strconv.Itoa(threads))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &batches{in: in, out: bufio.NewReader(out), cmd: cmd}, cmd.Start()
}

func (b *batches) do(n int) error {
	if _, err := fmt.Fprintln(b.in, n); err != nil {
		return err
	}
	_, err := b.out.ReadString('\n')
	return err
}

func (b *batches) end() error { return errors.Join(b.in.Close(), b.cmd.Wait()) }

// compareQuick PROGRAM compares all ways to take and release a lock that nobody
// else wants.
func compareQuick(args []string) (_ times, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	only, gated, err := joinBoth()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, only.Close(), gated.Close()) }()
	c, err := startBatches(args[0], "benchc", 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.end()) }()
	// Not of the other domain: while that has a lock, it takes no other one inline.
	m := gated.Mutex("cached exclusively", &libo2dlm.MutexOptions{Idle: -1, ExclusiveOnly: true})
	shared := gated.Mutex("cached", &libo2dlm.MutexOptions{Idle: -1})
	var rw sync.RWMutex
	path, err := unix.BytePtrFromString(libo2dlm.DefaultMount + "/" + domain + "/raw")
	if err != nil {
		return nil, err
	}
	hold := func(ctx context.Context, d *libo2dlm.Domain, name string, l libo2dlm.Level) func(int) error {
		return repeat(func() error { return lockReleaseOf(ctx, d, name, l) })
	}
	ways := []way{
		scaled(holdInline, 50, hold(context.Background(), only, resource, libo2dlm.Exclusive)),
		scaled(inC, 50, c.do),
		scaled(openFlockClose, 50, repeat(func() error { return openClose(path, flock) })),
		scaled(openClosed, 50, repeat(func() error { return openClose(path, nothing) })),
		scaled(holdCancel, 50, hold(ctx, only, "cancel", libo2dlm.Exclusive)),
		scaled(holdGated, 50, hold(ctx, gated, "gated", libo2dlm.Exclusive)),
		scaled(holdShared, 50, hold(ctx, gated, "shared", libo2dlm.Shared)),
		scaled(mutexCached, 50000, func(n int) error { return lockUnlock(m, n) }),
		scaled(mutexRead, 50000, func(n int) error { return rlockUnlock(shared, n) }),
		scaled(rwMutex, 50000, func(n int) error {
			for range n {
				rw.Lock()
				_ = n // nothing, and not an empty section
				rw.Unlock()
			}
			return nil
		}),
		scaled(rwMutexRead, 50000, func(n int) error {
			for range n {
				rw.RLock()
				_ = n
				rw.RUnlock()
			}
			return nil
		}),
		scaled(oneCall, 1000, repeat(func() error { unix.Getppid(); return nil })),
	}
	all, err := compare(quickRounds, ways...)
	scale(all, ways)
	return all, err
}

// joinBoth joins a domain of exclusive locks and one of locks with gates.
func joinBoth() (only, gated *libo2dlm.Domain, err error) {
	if only, err = libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{ExclusiveOnly: true}); err != nil {
		return nil, nil, err
	}
	if gated, err = libo2dlm.Join(context.Background(), domain+"gated", nil); err != nil {
		return nil, nil, errors.Join(err, only.Close())
	}
	return only, gated, nil
}

func repeat(once func() error) func(n int) error {
	return func(n int) error {
		for range n {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
}

func lockReleaseOf(ctx context.Context, d *libo2dlm.Domain, name string, level libo2dlm.Level) error {
	h, err := d.Lock(ctx, name, level)
	if err != nil {
		return err
	}
	return h.Release()
}

func lockUnlock(m *libo2dlm.Mutex, n int) error {
	ctx := context.Background()
	for range n {
		if err := m.Lock(ctx); err != nil {
			return err
		}
		m.Unlock()
	}
	return nil
}

func rlockUnlock(m *libo2dlm.Mutex, n int) error {
	ctx := context.Background()
	for range n {
		if err := m.RLock(ctx); err != nil {
			return err
		}
		m.RUnlock()
	}
	return nil
}

// crowds are the numbers of goroutines on one Mutex.
var crowds = []int{1, 8, 64, 1000}

// crowdNames are the names of their ways.
func crowdNames() []string {
	names := []string{sharedMutex, sharedC, sharedNative}
	for _, n := range crowds {
		names = append(names, fmt.Sprintf("mutex-%d", n))
	}
	return names
}

// compareCrowd PROGRAM compares many who use one lock in turn.
func compareCrowd(args []string) (_ times, err error) {
	only, gated, err := joinBoth()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, only.Close(), gated.Close()) }()
	c, err := startBatches(args[0], "benchc", 100)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.end()) }()
	m := only.Mutex("crowd", &libo2dlm.MutexOptions{Idle: -1, ExclusiveOnly: true})
	var rw sync.RWMutex
	use := func(n int) error { return lockUnlock(m, n) }
	ways := []way{
		scaled(sharedMutex, 100000, crowd(100, use)),
		scaled(sharedC, 1000, c.do),
		scaled(sharedNative, 100000, crowd(100, func(n int) error {
			for range n {
				rw.Lock()
				_ = n // nothing, and not an empty section
				rw.Unlock()
			}
			return nil
		})),
	}
	for i, n := range crowds {
		ways = append(ways, scaled(crowdNames()[3+i], 100000, crowd(n, use)))
	}
	all, err := compare(quickRounds/2, ways...)
	scale(all, ways)
	return all, err
}

// crowd has as many goroutines do n operations together.
func crowd(goroutines int, use func(n int) error) func(n int) error {
	return func(n int) error {
		errs := make(chan error, goroutines)
		for range goroutines {
			go func() { errs <- use(n / goroutines) }()
		}
		var all []error
		for range goroutines {
			all = append(all, <-errs)
		}
		return errors.Join(all...)
	}
}
