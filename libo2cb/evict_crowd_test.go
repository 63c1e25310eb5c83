// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// actor is a process of a play.
type actor struct {
	suspect
	hears bool                          // gives its locks up when it is asked to
	deaf  int                           // how often it does not hear that first
	ends  map[unix.Signal]time.Duration // how long after the signal it ends
	heir  *actor                        // comes when it ends
	until time.Time                     // when it ends; zero for never
}

// play is a machine with processes that use the cluster.
type play struct {
	actors []*actor
	acts   []string
}

func (p *play) find(context.Context) ([]suspect, error) {
	var there []suspect
	for i := 0; i < len(p.actors); i++ {
		a := p.actors[i]
		if !a.until.IsZero() && !time.Now().Before(a.until) {
			if a.heir != nil {
				p.actors = append(p.actors, a.heir)
				a.heir = nil
			}
			continue
		}
		if len(a.uses) > 0 {
			there = append(there, a.suspect)
		}
	}
	return there, nil
}

func (p *play) send(_ context.Context, some []suspect, _ finder, sig unix.Signal, tell func(suspect)) error {
	for _, s := range some {
		tell(s)
		for _, a := range p.actors {
			if after, ok := a.ends[sig]; ok && a.same(s) {
				a.until = time.Now().Add(after)
			}
		}
	}
	return nil
}

func (p *play) knock(_ context.Context, files []string) {
	for _, a := range p.actors {
		if !a.hears || !slices.Equal(a.locks, files) {
			continue
		}
		if a.deaf--; a.deaf < 0 {
			a.uses, a.locks = nil, nil
		}
	}
}

func (p *play) crowd() *crowd {
	return &crowd{ladder: Ladder{Ask: 5 * time.Second, Terminate: 10 * time.Second, Kill: 5 * time.Second},
		find: p.find, send: p.send, knock: p.knock, spare: func([]suspect) error { return nil },
		act: func(e Eviction) { p.acts = append(p.acts, fmt.Sprint(e.Act, " ", e.PID)) }}
}

func person(pid int, use string, ends map[unix.Signal]time.Duration) *actor {
	return &actor{suspect: suspect{pid: pid, start: "1", command: "prog", uses: []string{use}}, ends: ends}
}

func lockHolder(pid int, hears bool, ends map[unix.Signal]time.Duration) *actor {
	a := person(pid, "lock", ends)
	a.hears, a.locks = hears, []string{fmt.Sprint("/dlm/d/", pid)}
	return a
}

// listensLater is a lock holder that does not hear the first few knocks.
func listensLater(pid, deaf int) *actor {
	a := lockHolder(pid, true, immortal)
	a.deaf = deaf
	return a
}

var (
	polite   = map[unix.Signal]time.Duration{unix.SIGTERM: 3 * time.Second, unix.SIGKILL: 0}
	stubborn = map[unix.Signal]time.Duration{unix.SIGKILL: time.Second}
	immortal = map[unix.Signal]time.Duration{}
)

func TestLadder(t *testing.T) {
	reborn := func(pid, generations int) *actor {
		first := person(pid, "file", polite)
		for a := first; generations > 0; generations-- {
			pid++
			a.heir = person(pid, "file", polite)
			a = a.heir
		}
		return first
	}
	for name, c := range map[string]struct {
		actors []*actor
		acts   []string
		took   time.Duration
		says   string // of the error
	}{
		"nobody":                     {},
		"a volume's user goes":       {actors: []*actor{person(7, "file", polite)}, acts: []string{"terminate 7"}, took: 3 * time.Second},
		"only who stays is killed":   {actors: []*actor{person(7, "file", polite), person(8, "file", stubborn)}, acts: []string{"terminate 7", "terminate 8", "kill 8"}, took: 11 * time.Second},
		"who hears is not ended":     {actors: []*actor{lockHolder(7, true, immortal)}, acts: []string{"ask 7"}},
		"who listens later":          {actors: []*actor{listensLater(7, 3)}, acts: []string{"ask 7"}, took: 300 * time.Millisecond},
		"who does not hear":          {actors: []*actor{lockHolder(7, false, polite)}, acts: []string{"ask 7", "terminate 7"}, took: 8 * time.Second},
		"who is asked is not a file": {actors: []*actor{lockHolder(7, true, immortal), person(8, "file", polite)}, acts: []string{"ask 7", "terminate 8"}, took: 3 * time.Second},
		"an heir gets SIGTERM first": {actors: []*actor{reborn(7, 1)}, acts: []string{"terminate 7", "terminate 8"}, took: 6 * time.Second},
		"heirs without end": {actors: []*actor{reborn(7, 9)}, acts: []string{"terminate 7", "terminate 8", "terminate 9"}, took: 9 * time.Second,
			says: "others come as fast as they are ended"},
		"who cannot be killed": {actors: []*actor{person(7, "file", immortal)}, acts: []string{"terminate 7", "kill 7"}, took: 15 * time.Second,
			says: "process 7 (prog) was killed and is still there"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &play{actors: c.actors}
				begin := time.Now()
				err := p.crowd().disperse(t.Context())
				if c.says == "" && err != nil {
					t.Errorf("disperse() = %v", err)
				} else if c.says != "" {
					says(t, err, c.says)
				}
				if !slices.Equal(p.acts, c.acts) {
					t.Errorf("it did %q, want %q", p.acts, c.acts)
				}
				if took := time.Since(begin); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// A process that waits in the kernel is nobody's to end: then nobody is ended.
func TestLadderBeforeAWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waiter := person(7, "asked for a lock", immortal)
		waiter.waits = []Waiter{{PID: 7, Command: "prog", thread: 7, switches: "3"}}
		p := &play{actors: []*actor{waiter, person(8, "file", polite)}}
		err := p.crowd().disperse(t.Context())
		var e *StuckError
		if !errors.As(err, &e) || len(e.Processes) != 1 || len(p.acts) != 0 {
			t.Errorf("disperse() = %v after %q", err, p.acts)
		}
		says(t, err, "process 7 (prog) waits in the kernel")
	})
}

// One that wakes up now and then gets somewhere, and is ended like any other.
func TestLadderBeforeABusyWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waiter := person(7, "asked for a lock", polite)
		p := &play{actors: []*actor{waiter}}
		c := p.crowd()
		c.find = func(ctx context.Context) ([]suspect, error) {
			waiter.waits = []Waiter{{PID: 7, thread: 7, switches: time.Now().String()}}
			time.Sleep(time.Millisecond)
			return p.find(ctx)
		}
		if err := c.disperse(t.Context()); err != nil || !slices.Equal(p.acts, []string{"terminate 7"}) {
			t.Errorf("disperse() = %v after %q", err, p.acts)
		}
	})
}

// The end of the context ends the wait, and no further rung follows.
func TestLadderInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		p := &play{actors: []*actor{person(7, "file", immortal)}}
		if err := p.crowd().disperse(ctx); !errors.Is(err, context.DeadlineExceeded) || !slices.Equal(p.acts, []string{"terminate 7"}) {
			t.Errorf("disperse() = %v after %q", err, p.acts)
		}
	})
}

// While a process leaves its domain the list of domains is not to be had.
func TestLadderWhileOneLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &play{actors: []*actor{lockHolder(7, false, polite)}}
		c := p.crowd()
		looks := 0
		c.find = func(ctx context.Context) ([]suspect, error) {
			if looks++; looks > 1 && looks < 5 {
				return nil, ErrDomainsChange
			}
			return p.find(ctx)
		}
		if err := c.disperse(t.Context()); err != nil || !slices.Equal(p.acts, []string{"ask 7", "terminate 7"}) {
			t.Errorf("disperse() = %v after %q", err, p.acts)
		}
	})
}

// Who must get no signal gets none either when it comes while others go.
func TestLatecomerIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := person(10, "file", polite)
		first.heir = person(11, "file", polite)
		p := &play{actors: []*actor{first}}
		c := p.crowd()
		c.spare = func(some []suspect) error {
			return refuseUntouchable(some, map[int]string{11: "an ancestor of this process"}, nil)
		}
		err := c.disperse(t.Context())
		var e *ObstacleError
		if !errors.As(err, &e) || slices.Contains(p.acts, "terminate 11") || !slices.Contains(p.acts, "terminate 10") {
			t.Errorf("disperse() = %v after %q", err, p.acts)
		}
	})
}
