// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
)

const (
	walkSteps  = 200
	walkRounds = 9
)

// walk goes around three locks that lie in a circle: it takes the next one before it
// releases the one it has. Two who walk cannot pass each other, so that each lock
// which one of them takes was the other's before: every step is a hand-over.
func walk(d *libo2dlm.Domain, at, steps int, ready func() error) (_ time.Duration, err error) {
	ctx := context.Background()
	have, err := d.Lock(ctx, walkLock(at), libo2dlm.Exclusive)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, have.Release()) }()
	if err := ready(); err != nil {
		return 0, err
	}
	start := time.Now()
	for range steps {
		at++
		next, err := d.Lock(ctx, walkLock(at), libo2dlm.Exclusive)
		if err != nil {
			return 0, err
		}
		if err := have.Release(); err != nil {
			return 0, err
		}
		have = next
	}
	return time.Since(start), nil
}

func walkLock(at int) string { return "walk" + strconv.Itoa(at%3) }

// walkAlone DOMAIN FIRST STEPS walks, and prints how long that took.
func walkAlone(args []string) int {
	err := func() (err error) {
		d, err := libo2dlm.Join(context.Background(), args[0], &libo2dlm.JoinOptions{ExclusiveOnly: true})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		at, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		steps, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		took, err := walk(d, at, steps, func() error {
			fmt.Println("ready")
			_, err := bufio.NewReader(os.Stdin).ReadString('\n')
			return err
		})
		fmt.Println(took.Nanoseconds())
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// walkTogether starts two walkers, and returns how long a step took: the steps of
// both count, as they are made one after the other.
func walkTogether(b *testing.B, nodes []*lab.Node, command func(first int) lab.Command) time.Duration {
	b.Helper()
	var running []*lab.Process
	var signs []*io.PipeWriter
	for first, n := range nodes {
		in, sign := io.Pipe()
		c := command(first)
		c.Stdin = in
		p := n.Start(c)
		p.WaitLine("ready")
		running, signs = append(running, p), append(signs, sign)
	}
	for _, sign := range signs {
		if _, err := io.WriteString(sign, "go\n"); err != nil {
			b.Fatal(err)
		}
		sign.Close()
	}
	var sum time.Duration
	for _, p := range running {
		r := p.Wait()
		took, err := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(r.Stdout, "ready\n")), 10, 64)
		if r.Status != 0 || err != nil {
			b.Fatalf("walker: status %d, %v: %s%s", r.Status, err, r.Stdout, r.Stderr)
		}
		sum += time.Duration(took)
	}
	return sum / time.Duration(len(running)) / (2 * walkSteps)
}

// benchmarkWalk compares hand-overs: between two nodes, ours, C's, and those of a
// program in C that promises what ours does; and between two of our processes on one
// node.
func benchmarkWalk(b *testing.B, c *lab.Cluster) {
	const theirs, careful = "/opt/locks", "/opt/apart"
	install(b, c, "testdata/locks.c", theirs)
	install(b, c, "testdata/apart.c", careful)
	steps := strconv.Itoa(walkSteps)
	our := func(first int) lab.Command {
		c, err := lab.Self("walk", "walks", strconv.Itoa(first), steps)
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	their := func(first int) lab.Command {
		return lab.Command{Args: []string{theirs, "cwalks", "walk", strconv.Itoa(first), steps}}
	}
	apart := func(first int) lab.Command {
		return lab.Command{Args: []string{careful, "/dlm/walks", "walk", strconv.Itoa(first), steps}}
	}
	node := c.Nodes()
	var all times
	for range walkRounds {
		all = append(all, []time.Duration{
			walkTogether(b, []*lab.Node{node[0], node[1]}, our),
			walkTogether(b, []*lab.Node{node[0], node[1]}, their),
			walkTogether(b, []*lab.Node{node[0], node[1]}, apart),
			walkTogether(b, []*lab.Node{node[0], node[0]}, our),
		})
	}
	report(b, all, 1, ours, inC, "C-apart", "ours-two-processes")
}

// compareWalk compares hand-overs between two goroutines.
func compareWalk([]string) (_ times, err error) {
	only, gated, err := joinBoth()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, only.Close(), gated.Close()) }()
	var circle [3]sync.Mutex
	ways := []way{
		scaled("hold", 2*walkSteps, func(n int) error {
			return pair(func(at int, ready func() error) error {
				_, err := walk(only, at, n/2, ready)
				return err
			})
		}),
		scaled("sync.Mutex", 200*walkSteps, func(n int) error {
			return pair(func(at int, ready func() error) error {
				circle[at].Lock()
				err := ready()
				for range n / 2 {
					circle[(at+1)%3].Lock()
					circle[at].Unlock()
					at = (at + 1) % 3
				}
				circle[at].Unlock()
				return err
			})
		}),
	}
	all, err := compare(quickRounds, ways...)
	scale(all, ways)
	return all, err
}

// pair has two goroutines walk, who start when both have their first lock.
func pair(one func(at int, ready func() error) error) error {
	var first sync.WaitGroup
	first.Add(2)
	errs := make(chan error, 2)
	for at := range 2 {
		go func() {
			errs <- one(at, func() error {
				first.Done()
				first.Wait()
				return nil
			})
		}()
	}
	return errors.Join(<-errs, <-errs)
}
