// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
	"golang.org/x/sys/unix"
)

// baseEnv is the environment of every command; the lab's own additions win.
var baseEnv = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "LANG=C.UTF-8", "TERM=dumb",
}

// command is one running command of the lab.
type command struct {
	id     uint32
	pid    int
	status <-chan syscall.WaitStatus
	out    *wire.Writer
	stdio  *stdio
	input  *input
}

// newCommand starts what spec describes, in a session of its own, so that a
// signal to its process group reaches all of it and nothing else.
func (s *server) newCommand(id uint32, spec *wire.Command) (*command, error) {
	if len(spec.Args) == 0 {
		return nil, fmt.Errorf("a command needs at least its name")
	}
	env := mergeEnv(baseEnv, spec.Env)
	path, release, err := s.program(spec, env)
	if err != nil {
		return nil, err
	}
	defer release()
	std, err := openStdio(spec.Terminal)
	if err != nil {
		return nil, err
	}
	defer std.closeChild()
	if spec.Input != "" {
		f, err := s.openHost(spec.Input, unix.O_RDONLY)
		if err != nil {
			std.close()
			return nil, err
		}
		std.child[0].Close()
		std.child[0] = f
	}
	dir := spec.Dir
	if dir == "" {
		dir = "/"
	}
	attr := &syscall.ProcAttr{
		Dir:   dir,
		Env:   env,
		Files: []uintptr{std.child[0].Fd(), std.child[1].Fd(), std.child[2].Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: spec.Terminal != nil},
	}
	pid, status, err := s.reaper.fork(path, spec.Args, attr)
	if err != nil {
		std.close()
		return nil, fmt.Errorf("start %s in %s: %w", path, dir, err)
	}
	return &command{id: id, pid: pid, status: status, out: s.out, stdio: std, input: newInput()}, nil
}

// program finds the file to run. What release lets go must stay until the fork.
func (s *server) program(spec *wire.Command, env []string) (path string, release func(), err error) {
	if spec.Args[0] == wire.Agent {
		return "/proc/self/exe", func() {}, nil
	}
	if spec.HostFile == "" {
		path, err = lookPath(spec.Args[0], spec.Dir, env)
		return path, func() {}, err
	}
	f, err := s.openHost(spec.HostFile, unix.O_PATH)
	if err != nil {
		return "", nil, err
	}
	// By way of our own table, so that the child need not inherit the descriptor.
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()), func() { f.Close() }, nil
}

// openHost opens a file of the host.
func (s *server) openHost(path string, flags int) (*os.File, error) {
	relative := strings.TrimPrefix(filepath.Clean(path), "/")
	fd, err := unix.Openat(int(s.host.Fd()), relative, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s of the host: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// lookPath finds a program as execvp(3) would with that environment.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, place := range filepath.SplitList(lookup(env, "PATH")) {
		if !filepath.IsAbs(place) {
			place = filepath.Join("/", dir, place)
		}
		path := filepath.Join(place, name)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: not found in PATH=%s: %w", name, lookup(env, "PATH"), os.ErrNotExist)
}

func lookup(env []string, key string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], key+"="); ok {
			return value
		}
	}
	return ""
}

// mergeEnv returns base and more with one entry a name, the last.
func mergeEnv(base, more []string) []string {
	var merged []string
	at := make(map[string]int)
	for _, entry := range append(append([]string{}, base...), more...) {
		name, _, _ := strings.Cut(entry, "=")
		if i, ok := at[name]; ok {
			merged[i] = entry
			continue
		}
		at[name] = len(merged)
		merged = append(merged, entry)
	}
	return merged
}

// run moves input and output until the command itself has ended and all that it
// wrote is sent. Output of a background process that outlives it is not waited for.
func (c *command) run() wire.Exited {
	go c.input.feed(c.stdio.in, func(n int) {
		// A lost channel ends the guest in serve.
		_ = c.out.Write(wire.Frame{Kind: wire.Consumed, ID: c.id, Payload: count(n)})
	})
	var streams sync.WaitGroup
	for i, from := range c.stdio.outputs {
		kind := []wire.Kind{wire.Stdout, wire.Stderr}[i]
		streams.Go(func() {
			from.copy(func(p []byte) error {
				return c.out.Write(wire.Frame{Kind: kind, ID: c.id, Payload: p})
			})
		})
	}
	status := <-c.status
	for _, from := range c.stdio.outputs {
		from.finish()
	}
	streams.Wait()
	c.input.close()
	c.stdio.close()
	if status.Signaled() {
		return wire.Exited{Status: 128 + int(status.Signal()), Signal: int(status.Signal())}
	}
	return wire.Exited{Status: status.ExitStatus()}
}

func (c *command) resize(size wire.Size) {
	if c.stdio.terminal {
		// It fails only when the command is just ending.
		_ = setSize(c.stdio.in, size)
	}
}
