// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// benchVerb is the hidden verb of the other process that a lock is handed over to.
const benchVerb = "bench-lock-peer"

// benchPlace is where to measure.
type benchPlace struct {
	Domain            string
	mount, singleNode string
}

func (p *benchPlace) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&p.mount, "mount", libo2dlm.DefaultMount, "`directory` on which dlmfs is mounted")
	flags.StringVar(&p.singleNode, "single-node", "", "measure in this plain `directory` instead: this node only, no cluster")
}

// options are those by which the domain is joined.
func (p *benchPlace) options(s *settings) *libo2dlm.JoinOptions {
	if p.singleNode != "" {
		return &libo2dlm.JoinOptions{Mount: s.path(p.singleNode), SingleNode: true}
	}
	return &libo2dlm.JoinOptions{Mount: s.path(p.mount)}
}

// bench is a measurement that is under way.
type bench struct {
	domain   *libo2dlm.Domain
	duration time.Duration
	resource string // beginning of the names of its locks
}

// measure measures everything, one after the other.
func (o *benchOptions) measure(ctx context.Context, s *settings) (benchReport, error) {
	options := o.wanted.options(s)
	report := benchReport{Domain: o.wanted.Domain, Path: filepath.Join(options.Mount, o.wanted.Domain)}
	d, err := libo2dlm.Join(ctx, o.wanted.Domain, options)
	if err != nil {
		return report, err
	}
	defer d.Close()
	b := &bench{domain: d, duration: o.duration, resource: "bench-" + strconv.Itoa(os.Getpid())}
	defer b.cleanUp()
	for _, m := range []struct {
		name, what string
		measure    func(context.Context) (*samples, error)
	}{
		{"hold-exclusive", "lock and release, exclusive", b.holds(libo2dlm.Exclusive)},
		{"hold-shared", "lock and release, shared", b.holds(libo2dlm.Shared)},
		{"mutex-cached", "lock and unlock a cached Mutex", b.mutex(write)},
		{"mutex-cached-read", "the same for reading", b.mutex(read)},
		{"hand-over", "hand over to another process here", func(ctx context.Context) (*samples, error) { return b.handOver(ctx, s, o.wanted) }},
	} {
		times, err := m.measure(ctx)
		if err != nil {
			return report, fmt.Errorf("%s: %w", m.what, err)
		}
		report.Results = append(report.Results, times.result(m.name, m.what))
	}
	return report, nil
}

// cleanUp removes the locks. One that others have come to use stays.
func (b *bench) cleanUp() {
	for _, suffix := range []string{suffixHold, suffixMutex, suffixHandOver} {
		_ = b.domain.Remove(b.resource + suffix)
	}
}

const (
	suffixHold     = "h"
	suffixMutex    = "m"
	suffixHandOver = "o"
)

// repeat times batches until the time is over or ctx ends.
func (b *bench) repeat(ctx context.Context, batch int, do func() error) (*samples, error) {
	s := &samples{batch: batch}
	for s.total < b.duration {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		begin := time.Now()
		for range batch {
			if err := do(); err != nil {
				return nil, err
			}
		}
		s.add(time.Since(begin))
	}
	return s, nil
}

func (b *bench) holds(level libo2dlm.Level) func(context.Context) (*samples, error) {
	return func(ctx context.Context) (*samples, error) {
		return b.repeat(ctx, 1, func() error {
			h, err := b.domain.Lock(ctx, b.resource+suffixHold, level)
			if err != nil {
				return err
			}
			return h.Release()
		})
	}
}

// mutexBatch operations take some microseconds, which a clock can tell.
const mutexBatch = 100

func write(ctx context.Context, m *libo2dlm.Mutex) error {
	if err := m.Lock(ctx); err != nil {
		return err
	}
	m.Unlock()
	return nil
}

func read(ctx context.Context, m *libo2dlm.Mutex) error {
	if err := m.RLock(ctx); err != nil {
		return err
	}
	m.RUnlock()
	return nil
}

func (b *bench) mutex(use func(context.Context, *libo2dlm.Mutex) error) func(context.Context) (*samples, error) {
	return func(ctx context.Context) (*samples, error) {
		m := b.domain.Mutex(b.resource+suffixMutex, nil)
		if err := use(ctx, m); err != nil { // fetch it
			return nil, err
		}
		defer func() { _ = b.domain.Remove(b.resource + suffixMutex) }()
		return b.repeat(ctx, mutexBatch, func() error { return use(ctx, m) })
	}
}

// handOver passes a lock to and fro between this process and a child. A sample is
// from the release here to the next grant here: two hand-overs.
func (b *bench) handOver(ctx context.Context, s *settings, place benchPlace) (*samples, error) {
	child, err := startPeer(place.options(s), place.Domain, b.resource+suffixHandOver)
	if err != nil {
		return nil, err
	}
	times := &samples{batch: 2}
	err = b.passOn(ctx, times)
	return times, errors.Join(err, child.end())
}

func (b *bench) passOn(ctx context.Context, times *samples) error {
	h, err := b.domain.Lock(ctx, b.resource+suffixHandOver, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	for times.total < b.duration {
		if err := untilWanted(ctx, h); err != nil {
			return errors.Join(err, h.Release())
		}
		begin := time.Now()
		if err := h.Release(); err != nil {
			return err
		}
		if h, err = b.domain.Lock(ctx, b.resource+suffixHandOver, libo2dlm.Exclusive); err != nil {
			return err
		}
		times.add(time.Since(begin))
	}
	return h.Release()
}

func untilWanted(ctx context.Context, h *libo2dlm.Hold) error {
	select {
	case <-h.Contended():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// peer is the other process.
type peer struct {
	cmd *exec.Cmd
	in  io.Closer
}

// startPeer starts it and waits until it has joined the domain.
func startPeer(options *libo2dlm.JoinOptions, domain, resource string) (*peer, error) {
	flag := "--mount"
	if options.SingleNode {
		flag = "--single-node"
	}
	cmd := exec.Command("/proc/self/exe", benchVerb, flag, options.Mount, "--", domain, resource)
	cmd.Args[0], cmd.Stderr = "o2cb_ctl", os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt reaches it through us
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start another process: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start another process: %w", err)
	}
	p := &peer{cmd, in}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the other process ended: %w", err), p.end())
	}
	return p, nil
}

// end has the other process end.
func (p *peer) end() error {
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the other process: %w", err)
	}
	return nil
}

// newBenchPeer makes the verb of the other process: it holds the lock until somebody
// wants it, again and again, until its standard input ends.
func newBenchPeer(s *settings) *cobra.Command {
	var place benchPlace
	cmd := &cobra.Command{
		Use:    benchVerb + " DOMAIN RESOURCE",
		Short:  "Take a lock in turns (run by lock-bench)",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			setProcessName("o2cb_ctl")
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			d, err := libo2dlm.Join(ctx, args[0], place.options(s))
			if err != nil {
				return err
			}
			defer d.Close()
			fmt.Fprintln(s.std.out, "joined")
			go func() {
				_, _ = io.Copy(io.Discard, s.std.in)
				cancel()
			}()
			return takeTurns(ctx, d, args[1])
		},
	}
	place.addTo(cmd.Flags())
	return cmd
}

func takeTurns(ctx context.Context, d *libo2dlm.Domain, resource string) error {
	for {
		h, err := d.Lock(ctx, resource, libo2dlm.Exclusive)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		ended := untilWanted(ctx, h)
		if err := h.Release(); err != nil {
			return err
		}
		if ended != nil {
			return nil
		}
	}
}
