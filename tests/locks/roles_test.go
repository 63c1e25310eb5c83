// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/actor"
	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func(args []string) int{
		"act":      role(actor.Play),
		"both":     role(both),
		"cache":    role(cache),
		"crowd":    role(crowd),
		"hold":     role(hold),
		"mixed":    role(mixed),
		"many":     role(many),
		"own":      role(own),
		"turns":    role(turns),
		"ungated":  ungated,
		"try":      try,
		"cancel":   role(cancelled),
		"count":    role(count),
		"rejoin":   role(rejoin),
		"refusals": role(refusals),
	})
}

// The status of the role "try".
const (
	tryLocked = 0
	tryBusy   = 10
)

// role makes a command of a function that joins the domain of the tests, and
// fails it for what it leaves behind.
func role(play func(d *libo2dlm.Domain, args []string) error) func(args []string) int {
	return func(args []string) int {
		if err := joined(nil, args, play); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}

func joined(opts *libo2dlm.JoinOptions, args []string, play func(d *libo2dlm.Domain, args []string) error) error {
	threads := entriesIn("/proc/self/task")
	d, err := libo2dlm.Join(context.Background(), domain, opts)
	if err != nil {
		return err
	}
	if err := play(d, args); err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	return left(threads)
}

// left waits for requests that were abandoned, and returns an error if
// goroutines, locks or threads are left.
func left(threads int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		err := goleak.Find()
		if err == nil {
			err = leftOpen(threads)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// leftOpen returns what is left when all goroutines have ended. A thread ends a moment
// after its goroutine.
func leftOpen(threads int) error {
	if open := openOnDLMFS(); len(open) != 0 {
		return fmt.Errorf("left open: %q", open)
	}
	// The runtime starts some of its own: for signals, timers and each processor.
	if now := entriesIn("/proc/self/task"); now > threads+8+runtime.GOMAXPROCS(0) {
		return fmt.Errorf("%d threads, %d at the start", now, threads)
	}
	return nil
}

func entriesIn(dir string) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		panic(err) // there is no Linux without it
	}
	return len(entries)
}

// openOnDLMFS returns what this process has open there.
func openOnDLMFS() (paths []string) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		path, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && strings.HasPrefix(path, libo2dlm.DefaultMount+"/") {
			paths = append(paths, path)
		}
	}
	return paths
}

// inUninterruptibleWait reports whether a thread of this process waits in the
// kernel as an open(2) on dlmfs does. A page fault can look like that too, but
// not ten times in a row.
func inUninterruptibleWait() bool {
	for range 10 {
		if !anyThreadInD() {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

func anyThreadInD() bool {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	for _, task := range tasks {
		// pid (comm) state …; our comm has no parenthesis.
		stat, err := os.ReadFile("/proc/self/task/" + task.Name() + "/stat")
		if err == nil && strings.Contains(string(stat), ") D ") {
			return true
		}
	}
	return false
}

// both MINE THEIRS lock|try holds a lock and asks for another until it is killed.
func both(d *libo2dlm.Domain, args []string) error {
	if _, err := d.Lock(context.Background(), args[0], libo2dlm.Exclusive); err != nil {
		return err
	}
	fmt.Printf("held by %d\n", os.Getpid())
	if args[2] == "lock" {
		_, err := d.Lock(context.Background(), args[1], libo2dlm.Exclusive)
		return fmt.Errorf("the other lock was to be had: %w", err)
	}
	for {
		if _, err := d.TryLock(args[1], libo2dlm.Exclusive); !errors.Is(err, libo2dlm.ErrBusy) {
			return fmt.Errorf("the other lock was to be had: %w", err)
		}
	}
}

// hold RESOURCE locks, says "held", and releases at SIGTERM. It says "waiting"
// when it waits for another node.
func hold(d *libo2dlm.Domain, args []string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	defer signal.Reset()
	fmt.Println("asking")
	h, err := lockTelling(d, args[0])
	if err != nil {
		return err
	}
	fmt.Println("held")
	<-stop
	return h.Release()
}

// lockTelling locks, and says "waiting" once it does so in the kernel.
func lockTelling(d *libo2dlm.Domain, resource string) (*libo2dlm.Hold, error) {
	locked := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for !inUninterruptibleWait() {
			select {
			case <-locked:
				return
			case <-time.After(time.Millisecond):
			}
		}
		fmt.Println("waiting")
	})
	h, err := d.Lock(context.Background(), resource, libo2dlm.Exclusive)
	close(locked)
	watch.Wait()
	return h, err
}

// try RESOURCE [at once] exits with tryLocked or tryBusy, and prints why it was busy.
func try(args []string) int {
	status := tryLocked
	var opts *libo2dlm.JoinOptions
	if len(args) > 1 { // at once
		opts = &libo2dlm.JoinOptions{ExclusiveOnly: true, TryGrace: -1}
	}
	err := joined(opts, args, func(d *libo2dlm.Domain, args []string) error {
		h, err := d.TryLock(args[0], libo2dlm.Exclusive)
		if errors.Is(err, libo2dlm.ErrBusy) {
			fmt.Println(err)
			status = tryBusy
			return nil
		}
		if err != nil {
			return err
		}
		return h.Release()
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// cancelled RESOURCE cancels a Lock while it waits in the kernel, says
// "cancelled", and then waits until the grant has come and is released.
func cancelled(d *libo2dlm.Domain, args []string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := d.Lock(ctx, args[0], libo2dlm.Exclusive)
		result <- err
	}()
	for !inUninterruptibleWait() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cancelled Lock returned %w", err)
	}
	if !inUninterruptibleWait() {
		return errors.New("the kernel's wait is over: this test shows nothing")
	}
	if _, err := d.TryLock(args[0], libo2dlm.Exclusive); !errors.Is(err, libo2dlm.ErrBusy) {
		return fmt.Errorf("TryLock beside the abandoned request returned %w", err)
	}
	fmt.Println("cancelled")
	for inUninterruptibleWait() || len(openOnDLMFS()) > 1 { // the domain's directory
		time.Sleep(time.Millisecond)
	}
	fmt.Println("gone")
	return nil
}

// rejoin RESOURCE loses its domain between two locks, as when the last C
// program on this node leaves it.
func rejoin(d *libo2dlm.Domain, args []string) error {
	dir := libo2dlm.DefaultMount + "/" + domain
	for range 2 {
		h, err := d.Lock(context.Background(), args[0], libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		if err := unix.Unlink(dir + "/" + args[0]); !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("unlink of a held lock: %w", err)
		}
		if err := unix.Unmount(libo2dlm.DefaultMount, 0); !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("umount under an open domain: %w", err)
		}
		if err := h.Release(); err != nil {
			return err
		}
		if err := unix.Unlink(dir + "/" + args[0]); err != nil {
			return fmt.Errorf("unlink of an idle lock: %w", err)
		}
		if err := errors.Join(ignore(unix.Unlink(dir+"/"+libo2dlm.Gate(args[0])), unix.ENOENT), unix.Rmdir(dir)); err != nil {
			return fmt.Errorf("rmdir of an idle domain: %w", err)
		}
	}
	h, err := d.Lock(context.Background(), args[0], libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	return h.Release()
}

// ignore returns err unless it is what.
func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// refusals makes the requests that the kernel of a node online refuses.
func refusals(_ *libo2dlm.Domain, _ []string) error {
	_, err := libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{Mount: libo2dlm.DefaultMount, SingleNode: true})
	if !errors.Is(err, libo2dlm.ErrDLMFS) {
		return fmt.Errorf("SingleNode on dlmfs: %w", err)
	}
	_, err = libo2dlm.Join(context.Background(), domain, &libo2dlm.JoinOptions{Mount: "/sys/kernel/config"})
	if !errors.Is(err, libo2dlm.ErrNotDLMFS) {
		return fmt.Errorf("configfs as dlmfs: %w", err)
	}
	return nil
}
