// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/o2cb-go/o2cb/tests/lab/internal/tty"
	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// endOfInput is what a terminal takes for the end of its input (Ctrl-D).
const endOfInput = 0x04

// Interactive runs a command on a terminal of the guest that is connected to stdin
// and stdout, until it ends, and returns its status. If stdin is a terminal, it is
// raw in the meantime, and the guest's has its size and follows it. It returns an
// error when the command cannot be started or the guest dies.
func (n *Node) Interactive(stdin, stdout *os.File, argv ...string) (int, error) {
	c := Command{Args: argv}
	g, err := n.running()
	if err != nil {
		return -1, n.explain(g, c.String(), err)
	}
	size := terminalSize(stdout)
	p := newProcess(n, g, c)
	spec := wire.Command{Args: argv, Dir: "/root", Terminal: &size}
	if kind := os.Getenv("TERM"); kind != "" {
		spec.Env = []string{"TERM=" + kind}
	}
	restore, err := rawTerminal(stdin)
	if err != nil {
		return -1, err
	}
	defer restore()
	if err := g.session.start(p, spec); err != nil {
		return -1, n.explain(g, c.String(), err)
	}
	if err := p.converse(stdin, stdout); err != nil {
		return -1, err
	}
	if p.err != nil {
		return -1, n.explain(g, c.String(), p.err)
	}
	return p.exited.Status, nil
}

// converse moves bytes between the files and the command until it ends.
func (p *Process) converse(stdin, stdout *os.File) error {
	stop, err := p.feedTerminal(stdin)
	if err != nil {
		return err
	}
	defer stop()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	for {
		data, closed, change := p.stdout.take()
		if _, err := stdout.Write(data); err != nil {
			p.Kill(syscall.SIGHUP)
			return fmt.Errorf("write to the terminal: %w", err)
		}
		if closed {
			return nil
		}
		select {
		case <-change:
		case <-resized:
			// It fails only when the guest is dying, which ends the loop.
			_ = p.resize(terminalSize(stdout))
		}
	}
}

// feedTerminal sends what is typed until stop is called, which waits for the end
// of that: a read that was begun would swallow what the caller should get.
func (p *Process) feedTerminal(stdin *os.File) (stop func(), err error) {
	var wake [2]int
	if err := unix.Pipe2(wake[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		buf := make([]byte, wire.Chunk)
		for {
			size := p.window.take(len(buf))
			if size == 0 || !readable(int(stdin.Fd()), wake[0]) {
				return
			}
			n, err := stdin.Read(buf[:size])
			p.window.add(size - n)
			if n > 0 && p.guest.session.send(wire.Stdin, p.id, buf[:n]) != nil {
				return
			}
			if err != nil {
				// A lost channel ends the command by itself.
				_ = p.guest.session.send(wire.Stdin, p.id, []byte{endOfInput})
				return
			}
		}
	})
	return func() {
		unix.Close(wake[1])
		wait.Wait()
		unix.Close(wake[0])
	}, nil
}

// readable waits until fd can be read and returns true, or until wake is closed.
func readable(fd, wake int) bool {
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return err == nil && fds[1].Revents == 0
	}
}

// terminalSize returns the size of a terminal, and the customary one of what is none.
func terminalSize(f *os.File) wire.Size {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Row == 0 || size.Col == 0 {
		return wire.Size{Rows: 24, Columns: 80}
	}
	return wire.Size{Rows: size.Row, Columns: size.Col}
}

// rawTerminal makes a terminal pass every key on as it is. It does nothing to a
// file that is no terminal.
func rawTerminal(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	old, err := tty.MakeRaw(fd)
	if errors.Is(err, unix.ENOTTY) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	return func() {
		// Nothing is left to be done about a failure.
		_ = tty.Restore(fd, old)
	}, nil
}
