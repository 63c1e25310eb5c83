// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

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
	doomed bool          // it is killed, so that its history may break off
	gone   chan struct{} // closed when it has ended
	died   int64         // the host's time then
}

// install puts the worker on the node and reads its clock.
func (g *guest) install(tb lab.TB, worker string) {
	tb.Helper()
	g.node.Push(worker, installed(worker))
	g.readClock(tb, worker)
}

func installed(worker string) string { return "/opt/" + filepath.Base(worker) }

// readClock asks the guest for the time, over and over: what counts is the quickest
// answer.
func (g *guest) readClock(tb lab.TB, worker string) {
	tb.Helper()
	const questions = 100
	in, ask := io.Pipe()
	p := g.node.Start(lab.Command{Args: []string{installed(worker), "clock"}, Stdin: in})
	go func() {
		<-p.Done()
		in.Close() // or a write would wait for ever
	}()
	for range questions {
		asked := hostNow()
		if _, err := ask.Write([]byte{'?'}); err != nil {
			tb.Fatalf("%v", err)
		}
		line := p.WaitLine("")
		heard := hostNow()
		there, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			tb.Fatalf("clock of %s: %v", g.node.Name(), err)
		}
		g.clock.Answered(asked, there, heard)
	}
	if err := ask.Close(); err != nil {
		tb.Fatalf("%v", err)
	}
	p.Wait()
}

// start starts a program.
func (g *guest) start(tb lab.TB, worker string, number uint32, domain, disk string, resources, goroutines int) *program {
	tb.Helper()
	args := []string{installed(worker), "use", fmt.Sprint(number), domain, disk, fmt.Sprint(resources), fmt.Sprint(goroutines)}
	p := &program{Process: g.node.Start(lab.Command{Args: args}), gone: make(chan struct{})}
	go func() {
		<-p.Done()
		p.died = hostNow()
		close(p.gone)
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

// finish adds what the programs have sent, which have ended.
func (g *guest) finish(tb lab.TB, h *history.History) {
	tb.Helper()
	if err := g.clock.Err(); err != nil {
		tb.Errorf("%s: %v", g.node.Name(), err)
	}
	for _, p := range g.programs {
		r, err := p.Await(context.Background())
		if !p.doomed && (err != nil || r.Status != 0) {
			tb.Errorf("a program on %s: status %d, %v: %s", g.node.Name(), r.Status, err, strings.TrimSpace(r.Stderr))
		}
		l, err := history.ReadLog(p.Stdout())
		if err != nil {
			tb.Errorf("%s: %v", g.node.Name(), err)
			continue
		}
		if !p.doomed && err == nil && !l.Ended {
			tb.Errorf("a program on %s, process %d, did not end its history", g.node.Name(), l.Process)
		}
		h.Add(l, g.boot, &g.clock, p.died)
	}
}
