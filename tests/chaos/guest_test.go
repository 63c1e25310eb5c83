// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/tests/chaos/history"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// hostNow reads the clock that the guests' clocks count.
func hostNow() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err) // there is no Linux without it
	}
	return ts.Nano()
}

// guest is one boot of a node, with the programs that were started there.
type guest struct {
	node     *lab.Node
	boot     int
	clock    history.Clock
	programs []*program
}

// program is a process that uses locks.
type program struct {
	*lab.Process
	doomed bool         // it is killed, so that its history may break off
	died   atomic.Int64 // the host's time when it was gone, 0 before
}

// install puts the worker on the node and reads its clock.
func (g *guest) install(t *testing.T, worker string) {
	t.Helper()
	g.node.Push(worker, installed(worker))
	g.readClock(t, worker)
}

func installed(worker string) string { return "/opt/" + filepath.Base(worker) }

// readClock asks the guest for the time, over and over: what counts is the quickest
// answer.
func (g *guest) readClock(t *testing.T, worker string) {
	t.Helper()
	const questions = 100
	in, ask := io.Pipe()
	p := g.node.Start(lab.Command{Args: []string{installed(worker), "clock"}, Stdin: in})
	answer, stop := iter.Pull(p.Lines())
	defer stop()
	for range questions {
		asked := hostNow()
		if _, err := ask.Write([]byte{'?'}); err != nil {
			t.Fatal(err)
		}
		line, ok := answer()
		heard := hostNow()
		there, err := strconv.ParseInt(line, 10, 64)
		if !ok || err != nil {
			t.Fatalf("clock of %s: %v", g.node.Name(), err)
		}
		g.clock.Answered(asked, there, heard)
	}
	if err := ask.Close(); err != nil {
		t.Fatal(err)
	}
	p.Wait()
}

// start starts a program.
func (g *guest) start(t *testing.T, worker string, number uint32, domain, disk string, resources, goroutines int) *program {
	t.Helper()
	args := []string{installed(worker), "use", fmt.Sprint(number), domain, disk, fmt.Sprint(resources), fmt.Sprint(goroutines)}
	p := &program{Process: g.node.Start(lab.Command{Args: args})}
	go func() {
		<-p.Done()
		p.died.Store(hostNow())
	}()
	g.programs = append(g.programs, p)
	return p
}

// kill ends a program without warning. If it waits in the kernel, that is later.
func (p *program) kill() {
	p.doomed = true
	p.Kill(syscall.SIGKILL)
}

// alive returns the programs that nobody has killed.
func (g *guest) alive() (programs []*program) {
	for _, p := range g.programs {
		if !p.doomed {
			programs = append(programs, p)
		}
	}
	return programs
}

// awaitStart waits until a program has joined the domain.
func (g *guest) awaitStart(t *testing.T, p *program) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); p.Stdout() == ""; time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.Done():
			t.Fatalf("a program on %s ended: %s", g.node.Name(), p.Stderr())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("a program on %s has not joined after a minute.\n%s", g.node.Name(), g.hangs(p))
		}
	}
}

// hangs asks a program and the kernel where it hangs.
func (g *guest) hangs(p *program) string {
	p.Kill(syscall.SIGQUIT)
	// Of a process that is dying only the threads that hang are left.
	r := g.node.Shell(`for t in /proc/[0-9]*/task/*; do
			grep -q ' D ' $t/stat && echo $t $(ls -l $t/fd | grep -o '/dlm/.*')
		done; echo w > /proc/sysrq-trigger; dmesg | tail -n 80`)
	return p.Stderr() + r.Stdout
}

// endLimit is how long a program may take to end: no fault is left by then.
const endLimit = 30 * time.Second

// finish waits for the end of the programs, and adds what they have sent.
func (g *guest) finish(t *testing.T, h *history.History) {
	t.Helper()
	if err := g.clock.Err(); err != nil {
		t.Errorf("%s: %v", g.node.Name(), err)
	}
	for _, p := range g.programs {
		select {
		case <-p.Done():
		case <-time.After(endLimit):
			t.Errorf("a program on %s has not ended after %v\n%s", g.node.Name(), endLimit, g.hangs(p))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		r, err := p.Await(ctx)
		cancel()
		if !p.doomed && (err != nil || r.Status != 0) {
			t.Errorf("a program on %s: status %d, %v: %s", g.node.Name(), r.Status, err, strings.TrimSpace(r.Stderr))
		}
		l, err := history.ReadLog(p.Stdout())
		if err != nil {
			t.Errorf("%s: %v", g.node.Name(), err)
			continue
		}
		died := p.died.Load()
		if died == 0 {
			died = hostNow()
		}
		if !p.doomed && err == nil && !l.Ended {
			t.Errorf("a program on %s, process %d, did not end its history", g.node.Name(), l.Process)
		}
		h.Add(l, g.boot, &g.clock, died)
	}
}
