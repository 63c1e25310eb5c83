// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// Node is one machine of a cluster. Its methods may be called from any goroutine,
// but those that fail the test only from the goroutine that runs it.
type Node struct {
	cluster *Cluster
	index   int
	name    string
	console string

	mu      sync.Mutex
	guest   *guest // the latest boot, nil before the first
	closed  bool   // the test is over
	release string
}

// Name returns the node's host name: node0, node1, …
func (n *Node) Name() string { return n.name }

// Addr returns the node's IPv4 address: 10.9.0.1 for node 0, and so on. All nodes
// know each other's names.
func (n *Node) Addr() string { return address(n.index) }

func address(i int) string { return fmt.Sprintf("10.9.0.%d", i+1) }

// Console returns the path of the file that has the node's console, of all boots.
// It is removed at the end of a test that has not failed.
func (n *Node) Console() string { return n.console }

// Boot turns the node on again, with its disks as they were and everything else
// anew, and waits until it can run commands. It fails the test if the node is on
// or does not come up.
func (n *Node) Boot() {
	n.cluster.tb.Helper()
	if err := n.boot(nil); err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
}

// BootInit is Boot and leaves process 1 to a program, such as /sbin/init, that goes
// on from there as on a machine that has just mounted its root. It returns when the
// lab's agent, now a process beside it, can run commands: ask the program itself
// how far it is. With the default of other options everything that was written to
// the root before is gone: see KeepRoot.
func (n *Node) BootInit(program string, args ...string) {
	n.cluster.tb.Helper()
	if err := n.boot(append([]string{program}, args...)); err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
}

// PowerOff cuts the node's power: nothing in it gets a chance to say goodbye. It
// returns when every process of the guest is gone. Commands that run there end
// with ErrOff. A node that is off stays so.
func (n *Node) PowerOff() {
	if g := n.latest(); g != nil {
		g.session.expectEnd()
		g.kill()
		<-g.dead
	}
}

// Reboot is PowerOff and Boot.
func (n *Node) Reboot() {
	n.cluster.tb.Helper()
	n.PowerOff()
	n.Boot()
}

// ExpectOff says that the node may go off by itself from now on (its kernel fences
// it, or it is told to power off), and that this is no failure. Boot takes it back.
func (n *Node) ExpectOff() {
	if g := n.latest(); g != nil {
		g.session.expectEnd()
	}
}

// Off returns a channel that is closed when the node is off and every process of
// it is gone. It is for this boot: ask again after Boot.
func (n *Node) Off() <-chan struct{} {
	if g := n.latest(); g != nil {
		return g.dead
	}
	off := make(chan struct{})
	close(off)
	return off
}

// latest returns the guest of the latest boot, nil before the first.
func (n *Node) latest() *guest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.guest
}

// boot turns the node on, if need be more than once.
func (n *Node) boot(init []string) error {
	c := n.cluster
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return fmt.Errorf("boot %s: the test is over", n.name)
	}
	if n.guest != nil {
		select {
		case <-n.guest.dead:
		default:
			return fmt.Errorf("boot %s: it is on", n.name)
		}
	}
	starts := c.machine.starts()
	limit := c.config.bootLimit / time.Duration(starts)
	for {
		err := n.start(init, limit)
		starts--
		var late notUpError
		if !errors.As(err, &late) || starts == 0 {
			return err
		}
		c.tb.Logf("lab: %v; once more", err)
	}
}

// notUpError says that a guest has not come up.
type notUpError struct{ limit time.Duration }

func (e notUpError) Error() string { return fmt.Sprintf("not up after %v", e.limit) }

// start starts the guest and waits until it is up. The caller holds mu.
func (n *Node) start(init []string, limit time.Duration) error {
	c := n.cluster
	console, err := os.OpenFile(n.console, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("boot %s: %w", n.name, err)
	}
	defer console.Close() // the guest has its own
	h, err := n.hardware(init)
	if err != nil {
		return fmt.Errorf("boot %s: %w", n.name, err)
	}
	g, network, err := startGuest(c.agent, c.machine, c.packages, h, console)
	if err != nil {
		return fmt.Errorf("boot %s: %w", n.name, err)
	}
	n.guest = g
	c.network.attach(n.index, network)
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, notUpError{limit})
	defer cancel()
	if err := g.awaitReady(ctx); err != nil {
		g.kill()
		<-g.dead
		return fmt.Errorf("boot %s: %w; its console, %s, ends with\n%s", n.name, err, n.console, tail(n.console))
	}
	// The kernel has unpacked it; a test that is killed leaves less behind.
	if err := os.Remove(h.initramfs); err != nil {
		return fmt.Errorf("boot %s: %w", n.name, err)
	}
	n.release = g.session.release
	return nil
}

// hardware writes what this boot needs.
func (n *Node) hardware(init []string) (hardware, error) {
	c := n.cluster
	repository, err := findRepository()
	if err != nil {
		return hardware{}, err
	}
	b := &wire.Boot{Hostname: n.name, Address: n.Addr(), Repository: repository, Init: init}
	for _, other := range c.nodes {
		b.Hosts = append(b.Hosts, wire.Host{Name: other.name, Address: other.Addr()})
	}
	c.machine.describe(b)
	h := hardware{
		index:      n.index,
		name:       filepath.Base(c.dir) + "-" + n.name,
		initramfs:  filepath.Join(c.dir, n.name+".cpio"),
		dir:        c.dir,
		mac:        fmt.Sprintf("% x", macOf(n.index)),
		memory:     c.config.memory,
		memoryDir:  c.memoryDir,
		processors: c.config.processors,
		disks:      c.disks,
	}
	if c.roots != nil {
		h.root = c.roots[n.index]
		b.Root = c.machine.disk(len(c.disks))
	}
	h.mac = strings.ReplaceAll(h.mac, " ", ":")
	return h, writeInitramfs(h.initramfs, c.agent, c.machine.modules(), b)
}

// running returns the guest, or an error that says why there is none.
func (n *Node) running() (*guest, error) {
	g := n.latest()
	if g == nil {
		return nil, ErrOff
	}
	return g, g.session.failure()
}

// explain says what went wrong with an operation on that guest of the node.
func (n *Node) explain(g *guest, what string, err error) error {
	if errors.Is(err, ErrOff) {
		return fmt.Errorf("%s on %s: %w", what, n.name, err)
	}
	if errors.Is(err, g.session.failure()) {
		<-g.dead // it is dying: a moment later the console is complete
		return fmt.Errorf("%s on %s: the guest died (%s): %w; its console, %s, ends with\n%s",
			what, n.name, g.status(), err, n.console, tail(n.console))
	}
	return fmt.Errorf("%s on %s: %w (console: %s)", what, n.name, err, n.console)
}
