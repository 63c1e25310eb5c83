// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// ErrOff says that a node is not running, or stopped running under a command,
// because the test wanted it so (PowerOff, Reboot, ExpectOff).
var ErrOff = errors.New("the node is off")

// Command describes what to run in a guest.
type Command struct {
	Args  []string      // program, looked up in the guest's PATH, and arguments
	Env   []string      // KEY=VALUE, added to the guest's own environment
	Dir   string        // working directory; "" is /
	Stdin io.Reader     // input; nil is an empty one. A Read that waits outlives the command
	Limit time.Duration // longest time for Run and Wait; 0 is the cluster's RunLimit

	hostFile string // run this file of the host instead; Args[0] is only its name
	input    string // read this file of the host instead of Stdin
}

// String returns the command line as one could type it.
func (c Command) String() string {
	quoted := make([]string, len(c.Args))
	for i, arg := range c.Args {
		quoted[i] = arg
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
			quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Status         int            // exit status; 128 + Signal when a signal ended it
	Signal         syscall.Signal // 0 unless a signal ended it
}

// Process is a command that runs in a guest, in a process group of its own. It
// has ended when the program that was started has; what that left running in the
// background goes on, but its output is lost.
type Process struct {
	node    *Node
	guest   *guest
	command Command
	id      uint32
	stdout  *stream
	stderr  *stream
	window  *window
	done    chan struct{}

	once   sync.Once
	exited wire.Exited // valid after done
	err    error       // why there is no exit status; valid after done
	cursor int         // where WaitLine goes on in stdout
}

func newProcess(n *Node, g *guest, c Command) *Process {
	return &Process{
		node: n, guest: g, command: c,
		stdout: newStream(), stderr: newStream(),
		window: newWindow(wire.Window), done: make(chan struct{}),
	}
}

// finish is called once the guest has said all there is to say.
func (p *Process) finish(exited wire.Exited, err error) {
	p.once.Do(func() {
		p.exited, p.err = exited, err
		p.window.close()
		p.stdout.close()
		p.stderr.close()
		close(p.done)
	})
}

// feed sends the command's input.
func (p *Process) feed(r io.Reader) {
	buf := make([]byte, wire.Chunk)
	for r != nil {
		size := p.window.take(len(buf))
		if size == 0 {
			return
		}
		n, err := r.Read(buf[:size])
		p.window.add(size - n)
		if n > 0 && p.guest.session.send(wire.Stdin, p.id, buf[:n]) != nil {
			return
		}
		if err != nil {
			break
		}
	}
	// A lost channel ends the process by itself.
	_ = p.guest.session.send(wire.Stdin, p.id, nil)
}

// Done is closed when the command has ended or its node went off.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stdout returns what the command has written so far.
func (p *Process) Stdout() string { return p.stdout.text() }

// Stderr returns the error output that the command has written so far.
func (p *Process) Stderr() string { return p.stderr.text() }

// Kill sends a signal to the command's process group. A command that has ended is
// left alone.
func (p *Process) Kill(sig syscall.Signal) {
	// A lost channel means that it runs no more.
	_ = p.guest.session.send(wire.Signal, p.id, []byte{byte(sig)})
}

// Await waits for the command to end. It returns an error when the command could
// not be started, when ctx ended first (the command is killed then), and when the
// node went off: one that is ErrOff if the test wanted that, and otherwise shows
// the end of the console. Any goroutine may call it.
func (p *Process) Await(ctx context.Context) (Result, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		select {
		case <-p.done:
		default:
			err := p.interrogate(context.Cause(ctx))
			p.Kill(syscall.SIGKILL)
			return p.result(), p.node.explain(p.guest, p.command.String(), err)
		}
	}
	if p.err != nil {
		return p.result(), p.node.explain(p.guest, p.command.String(), p.err)
	}
	return p.result(), nil
}

func (p *Process) result() Result {
	r := Result{Stdout: p.stdout.text(), Stderr: p.stderr.text(), Status: -1}
	select {
	case <-p.done:
		r.Status, r.Signal = p.exited.Status, syscall.Signal(p.exited.Signal)
	default:
	}
	return r
}

// limit returns a context for as long as the command may take.
func (p *Process) limit() (context.Context, context.CancelFunc) {
	d := p.command.Limit
	if d == 0 {
		d = p.node.cluster.config.runLimit
	}
	return context.WithTimeoutCause(context.Background(), d, overdueError{d})
}

// Wait waits for the command to end. It fails the test when the command ran longer
// than its limit (counted from now) and when it was never started. When the node
// went off because the test wanted it, Status is -1.
func (p *Process) Wait() Result {
	p.node.cluster.tb.Helper()
	ctx, cancel := p.limit()
	defer cancel()
	r, err := p.Await(ctx)
	if err != nil && !errors.Is(err, ErrOff) {
		p.node.cluster.tb.Fatalf("%v", err)
	}
	return r
}

// Lines yields the lines of the command's output as they come, until its end.
// Every call starts with the first.
func (p *Process) Lines() iter.Seq[string] {
	return func(yield func(string) bool) {
		for offset := 0; ; {
			line, next, ok, closed, change := p.stdout.line(offset)
			switch {
			case ok:
				if !yield(line) {
					return
				}
				offset = next
			case closed:
				return
			default:
				<-change
			}
		}
	}
}

// WaitLine waits for the next line of output that contains part and returns it.
// The next call goes on after that line. It fails the test when the command ends
// or its limit passes without one. One goroutine at a time may call it.
func (p *Process) WaitLine(part string) string {
	p.node.cluster.tb.Helper()
	ctx, cancel := p.limit()
	defer cancel()
	for {
		line, next, ok, closed, change := p.stdout.line(p.cursor)
		switch {
		case ok:
			p.cursor = next
			if strings.Contains(line, part) {
				return line
			}
		case closed:
			_, err := p.Await(ctx)
			p.node.cluster.tb.Fatalf("%s on %s ended without a line with %q (error %v)\nstdout: %sstderr: %sconsole: %s",
				p.command, p.node.name, part, err, p.Stdout(), p.Stderr(), p.node.console)
		default:
			select {
			case <-change:
			case <-ctx.Done():
				p.node.cluster.tb.Fatalf("%s on %s: no line with %q: %v\nstdout: %sstderr: %sconsole: %s",
					p.command, p.node.name, part, context.Cause(ctx), p.Stdout(), p.Stderr(), p.node.console)
			}
		}
	}
}

// resize tells the command's terminal its new size.
func (p *Process) resize(size wire.Size) error {
	payload, err := json.Marshal(size)
	if err != nil {
		return err
	}
	return p.guest.session.send(wire.Resize, p.id, payload)
}
