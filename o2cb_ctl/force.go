// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// force is the flags --force and --grace of the verbs that take something down.
type force struct {
	on    bool
	grace time.Duration
}

func (f *force) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "force", false, "take down what is in the way: ask, then terminate, then kill its processes, and unmount")
	flags.DurationVar(&f.grace, "grace", libo2cb.DefaultGrace, "how long a process has to end after SIGTERM, with --force")
	previous := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case flags.Changed("grace") && !f.on:
			return errors.New("--grace is for --force")
		case f.grace < 0:
			return fmt.Errorf("--grace %s: want a time of 0s or more", f.grace)
		case previous != nil:
			return previous(cmd, args)
		}
		return nil
	}
}

// evict takes down what is in the way, if that was asked for, and prints each act
// before it happens unless it is for JSON, which has it afterwards.
func (f *force) evict(ctx context.Context, s *settings, manager *libo2cb.Manager, name string, asJSON bool) ([]libo2cb.Eviction, error) {
	if !f.on {
		return nil, nil
	}
	return manager.Evict(ctx, name, libo2cb.NewLadder(f.grace), func(e libo2cb.Eviction) {
		if !asJSON {
			fmt.Fprintln(s.std.out, e)
		}
	})
}

// forcedOffline is what offline did.
type forcedOffline struct {
	Evicted []libo2cb.Eviction `json:"evicted,omitempty"` // with --force
	libo2cb.Report
}

// offline takes the cluster offline, by force if that was asked for.
func (f *force) offline(ctx context.Context, s *settings, name string, asJSON bool) (forcedOffline, error) {
	var done forcedOffline
	var err error
	manager := s.manager(false)
	if done.Evicted, err = f.evict(ctx, s, manager, name, asJSON); err != nil {
		return done, err
	}
	done.Report, err = manager.Offline(ctx, name)
	return done, err
}

// forcedUnload is what unload did.
type forcedUnload struct {
	Offline *forcedOffline `json:"offline,omitempty"` // with --force
	stack.Unloaded
}

// unload unloads the stack; by force, if that was asked for, it takes the cluster
// offline before.
func (f *force) unload(ctx context.Context, s *settings, asJSON bool) (forcedUnload, error) {
	done := forcedUnload{Unloaded: stack.Unloaded{Actions: []stack.Action{}}}
	if f.on {
		offline, err := f.offline(ctx, s, "", asJSON)
		done.Offline = &offline
		if err != nil {
			return done, err
		}
		if !asJSON && offline.Changed() {
			if err := printOffline(s.std.out, offline.Report); err != nil {
				return done, err
			}
		}
	}
	var err error
	done.Unloaded, err = s.manager(false).Unload(ctx)
	return done, err
}
