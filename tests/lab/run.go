// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// Launch starts a command and does not wait for it. The error says why it could
// not be sent; one that the guest cannot start shows in Await. Any goroutine may
// call it.
func (n *Node) Launch(c Command) (*Process, error) {
	g, err := n.running()
	if err != nil {
		return nil, n.explain(g, c.String(), err)
	}
	p := newProcess(n, g, c)
	spec := wire.Command{Args: c.Args, Env: c.Env, Dir: c.Dir, HostFile: c.hostFile, Input: c.input}
	if err := g.session.start(p, spec); err != nil {
		return nil, n.explain(g, c.String(), err)
	}
	go p.feed(c.Stdin)
	return p, nil
}

// Exec runs a command to its end. A status other than 0 is no error. Errors are
// those of Await. Any goroutine may call it.
func (n *Node) Exec(ctx context.Context, c Command) (Result, error) {
	p, err := n.Launch(c)
	if err != nil {
		return Result{Status: -1}, err
	}
	return p.Await(ctx)
}

// Start starts a command and returns at once. It fails the test if the node is off.
func (n *Node) Start(c Command) *Process {
	n.cluster.tb.Helper()
	p, err := n.Launch(c)
	if err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
	return p
}

// RunCommand runs a command to its end. It fails the test if the command cannot
// be started, takes longer than its limit, or the guest dies.
func (n *Node) RunCommand(c Command) Result {
	n.cluster.tb.Helper()
	r, err := n.runCommand(c)
	if err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
	return r
}

func (n *Node) runCommand(c Command) (Result, error) {
	p, err := n.Launch(c)
	if err != nil {
		return Result{Status: -1}, err
	}
	ctx, cancel := p.limit()
	defer cancel()
	return p.Await(ctx)
}

// Run runs a program with arguments to its end. It fails the test as RunCommand
// does; a status other than 0 is the caller's to judge.
func (n *Node) Run(program string, args ...string) Result {
	n.cluster.tb.Helper()
	return n.RunCommand(Command{Args: append([]string{program}, args...)})
}

// Shell runs a script with sh.
func (n *Node) Shell(script string) Result {
	n.cluster.tb.Helper()
	return n.Run("sh", "-c", script)
}

// MustRun is Run and fails the test if the status is not 0.
func (n *Node) MustRun(program string, args ...string) Result {
	n.cluster.tb.Helper()
	return n.MustRunCommand(Command{Args: append([]string{program}, args...)})
}

// MustShell is Shell and fails the test if the status is not 0.
func (n *Node) MustShell(script string) Result {
	n.cluster.tb.Helper()
	return n.MustRun("sh", "-c", script)
}

// MustRunCommand is RunCommand and fails the test if the status is not 0.
func (n *Node) MustRunCommand(c Command) Result {
	n.cluster.tb.Helper()
	r := n.RunCommand(c)
	if r.Status != 0 {
		n.cluster.tb.Fatalf("%s on %s: status %d\nstderr: %s\nstdout: %s\nconsole: %s",
			c, n.name, r.Status, r.Stderr, r.Stdout, n.console)
	}
	return r
}
