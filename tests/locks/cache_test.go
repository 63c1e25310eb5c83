// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// cache RESOURCE locks a Mutex, says "cached" and keeps the lock for ever, idle,
// until somebody wants it. Then it says "gone", and ends.
func cache(d *libo2dlm.Domain, args []string) error {
	m := d.Mutex(args[0], &libo2dlm.MutexOptions{Idle: -1})
	if err := m.Lock(context.Background()); err != nil {
		return err
	}
	m.Unlock()
	fmt.Println("cached")
	for d.Stats().Held > 0 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("gone")
	return nil
}

// A Mutex gives a lock that it only caches to another node, and to readers there.
func testMutex(t *testing.T, c *lab.Cluster) {
	for i, steps := range [][]string{{"lock", "release"}, {"rlock", "release"}} {
		r := fmt.Sprint("mutex", i)
		p := c.Node(0).StartSelf("cache", r)
		p.WaitLine("cached")
		mustSelf(t, c.Node(1), "act", append([]string{r}, steps...)...)
		good(t, p)
		p = c.Node(0).StartSelf("cache", r)
		p.WaitLine("cached")
		mustSelf(t, c.Node(1), "try", r)
		good(t, p)
	}
}

// And to another process of its own node, which knocks.
func testKnock(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	for _, role := range []string{"try", "cache"} {
		p := n.StartSelf("cache", "knock")
		p.WaitLine("cached")
		next := n.StartSelf(role, "knock")
		good(t, p)
		if role == "cache" {
			next.WaitLine("cached")
			mustSelf(t, c.Node(1), "act", "knock", "lock", "release")
		}
		good(t, next)
	}
}

// And to whoever asks for it as o2cb_ctl offline --force does, again and again.
func testTouch(t *testing.T, c *lab.Cluster) {
	p := c.Node(0).StartSelf("cache", "touch")
	p.WaitLine("cached")
	touch := c.Node(0).Start(shell("while :; do touch /dlm/" + domain + "/touch; sleep 0.1; done"))
	good(t, p)
	touch.Kill(syscall.SIGKILL)
}

// crowd RESOURCE GOROUTINES waits with that many goroutines for one lock, says
// how many threads more there are then, and ends when all have had the lock.
func crowd(d *libo2dlm.Domain, args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	before := entriesIn("/proc/self/task")
	errs := make(chan error, n)
	for range n {
		go func() { errs <- lockOnce(d, args[0]) }()
	}
	for d.Stats().Waiters < n {
		time.Sleep(10 * time.Millisecond)
	}
	for !inUninterruptibleWait() {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("threads", entriesIn("/proc/self/task")-before)
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func lockOnce(d *libo2dlm.Domain, resource string) error {
	h, err := d.Lock(context.Background(), resource, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	return h.Release()
}

// Thousands of goroutines that wait for a lock of another node wait with one thread.
func testManyWaiters(t *testing.T, c *lab.Cluster) {
	holder := c.Node(0).StartSelf("hold", "crowd")
	holder.WaitLine("held")
	waiters := c.Node(1).StartSelf("crowd", "crowd", "5000")
	line := waiters.WaitLine("threads")
	holder.Kill(syscall.SIGTERM)
	good(t, holder)
	good(t, waiters)
	t.Log("5000 waiters: ", line)
	if number(line) > 8 {
		t.Errorf("5000 waiters cost %s", line)
	}
}

// turns RESOURCE locks and unlocks a Mutex in a loop until SIGTERM, and says how
// long it had it in all, in microseconds.
func turns(d *libo2dlm.Domain, args []string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	defer signal.Reset()
	m := d.Mutex(args[0], nil)
	uses, inside := 0, time.Duration(0)
	for {
		select {
		case <-stop:
			s := d.Stats()
			fmt.Println("inside", inside.Microseconds(), "uses", uses, "grants", s.Grants, "handovers", s.HandOvers)
			return nil
		default:
		}
		if err := m.Lock(context.Background()); err != nil {
			return err
		}
		start := time.Now()
		for time.Since(start) < 100*time.Microsecond {
		}
		inside += time.Since(start)
		uses++
		m.Unlock()
	}
}

// Two processes of one node and one of another that want a lock all the time get
// it in turn: none less than a fifth of its fair share.
func testTurns(t *testing.T, c *lab.Cluster) {
	const takers = 3
	length := 6 * time.Second
	if long := os.Getenv("O2CB_TURNS"); long != "" {
		length, _ = time.ParseDuration(long)
	}
	var running []*lab.Process
	for _, n := range []*lab.Node{c.Node(0), c.Node(0), c.Node(1)} {
		running = append(running, n.StartSelf("turns", "turns"))
	}
	time.Sleep(length)
	for _, p := range running {
		p.Kill(syscall.SIGTERM)
	}
	total, had := 0, make([]int, takers)
	for i, p := range running {
		good(t, p)
		had[i] = number(line(p.Stdout(), "inside "))
		total += had[i]
		t.Log(strings.TrimSpace(line(p.Stdout(), "inside ")))
	}
	for i, h := range had {
		if h*takers*5 < total {
			t.Errorf("taker %d had the lock for %d of %d µs", i, h, total)
		}
	}
}

// many N waits for N distinct locks, each with a goroutine, and says how many
// were refused because too many wait, and in the end how many were granted.
func many(_ *libo2dlm.Domain, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	d, err := libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{ExclusiveOnly: true, MaxWaiters: manyLimit})
	if err != nil {
		return err
	}
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- lockOnce(d, fmt.Sprint("many", i)) }()
	}
	refused := 0
	for ; refused < n-manyLimit; refused++ {
		if err := <-errs; !errors.Is(err, libo2dlm.ErrTooManyWaiters) {
			return fmt.Errorf("request %d for a lock of another node ended with %w", refused, err)
		}
	}
	fmt.Println("refused", refused)
	for i := refused; i < n; i++ {
		if err := <-errs; err != nil {
			return err
		}
	}
	return d.Close()
}

// manyLimit is how many requests may be in the kernel, each with a thread.
const manyLimit = 256

// own N holds N locks, says so, and releases them at SIGTERM.
func own(_ *libo2dlm.Domain, args []string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	defer signal.Reset()
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	// Each lock is an open file, and the usual limit is 4096.
	files := unix.Rlimit{Cur: uint64(n) + 1000, Max: uint64(n) + 1000}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	d, err := libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{ExclusiveOnly: true})
	if err != nil {
		return err
	}
	var held []*libo2dlm.Hold
	for i := range n {
		h, err := d.Lock(context.Background(), fmt.Sprint("many", i), libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		held = append(held, h)
	}
	fmt.Println("held")
	<-stop
	for _, h := range held {
		err = errors.Join(err, h.Release())
	}
	return errors.Join(err, d.Close())
}

// Who waits for more distinct locks than may be waited for gets an error for the
// rest, at once; the others are served when the holder releases.
func testTooMany(t *testing.T, c *lab.Cluster) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("O2CB_MANY"), "1000"))
	if err != nil {
		t.Fatal(err)
	}
	owner := c.Node(0).StartSelf("own", fmt.Sprint(n))
	owner.WaitLine("held")
	waiter := c.Node(1).StartSelf("many", fmt.Sprint(n))
	if got := number(waiter.WaitLine("refused")); got != n-manyLimit {
		t.Errorf("%d of %d refused, want %d", got, n, n-manyLimit)
	}
	owner.Kill(syscall.SIGTERM)
	good(t, owner)
	good(t, waiter)
}
