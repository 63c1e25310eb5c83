// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// guest is one boot of a node: the supervisor, the machine below it and the
// control channel.
type guest struct {
	session  *session
	lifeline *os.File
	cut      sync.Once
	dead     chan struct{} // closed when no process of it is left and the session has ended
	exit     error         // how the supervisor ended; valid after dead
}

// startGuest turns a machine on. network is our end of its packets.
func startGuest(agent string, m machine, p packages, h hardware, console *os.File) (g *guest, network *os.File, err error) {
	var ends [6]*os.File // ours, the guest's, …: lifeline, control, network
	defer func() {
		for i, f := range ends {
			if f != nil && (err != nil || i%2 == 1) {
				f.Close()
			}
		}
	}()
	for i, kind := range []int{unix.SOCK_STREAM, unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		if ends[2*i], ends[2*i+1], err = socketPair(kind); err != nil {
			return nil, nil, err
		}
	}
	kernel := m.program(h)
	processor := "any"
	if kernel.alone {
		if processor, err = processorOf(h.index); err != nil {
			return nil, nil, err
		}
	}
	cmd := exec.Command(agent, append([]string{"supervise", kernel.path, "2", processor}, kernel.args...)...)
	cmd.Stdout, cmd.Stderr = console, console
	cmd.Env = append(append(p.env(kernel.path), kernel.env...), "TMPDIR="+h.memoryDir)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{ends[1], ends[3], ends[5]}
	// Out of our process group, so that a terminal's interrupt reaches us first.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the supervisor of %s: %w", h.name, err)
	}
	g = &guest{session: newSession(ends[2], m.inFlight()), lifeline: ends[0], dead: make(chan struct{})}
	go g.reap(cmd)
	return g, ends[4], nil
}

// processorOf deals the processors that we may use to the nodes of a cluster.
func processorOf(index int) (string, error) {
	var ours unix.CPUSet
	if err := unix.SchedGetaffinity(0, &ours); err != nil {
		return "", fmt.Errorf("ask which processors we may use: %w", err)
	}
	left := index % ours.Count()
	for processor := 0; ; processor++ {
		if !ours.IsSet(processor) {
			continue
		}
		if left == 0 {
			return strconv.Itoa(processor), nil
		}
		left--
	}
}

// reap sees a guest to its end. The supervisor leaves no process behind, so the
// channel ends after it, once what the guest had still sent is read. A channel
// that ends first leaves a guest that is of no use.
func (g *guest) reap(cmd *exec.Cmd) {
	exited := make(chan error, 1)
	go func() {
		group := g.readGroup()
		err := cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && group > 1 {
			// The supervisor was killed and could not do it.
			_ = unix.Kill(-group, unix.SIGKILL)
		}
		exited <- err
	}()
	<-g.session.done
	g.kill()
	g.exit = <-exited
	close(g.dead)
}

// readGroup returns the guest's process group, 0 if the supervisor could not start it.
func (g *guest) readGroup() int {
	var group int
	if _, err := fmt.Fscanln(g.lifeline, &group); err != nil {
		return 0
	}
	return group
}

// kill is the power cut: every process of the guest gets SIGKILL.
func (g *guest) kill() {
	g.cut.Do(func() { g.lifeline.Close() })
}

// awaitReady waits until the agent serves.
func (g *guest) awaitReady(ctx context.Context) error {
	select {
	case <-g.session.ready:
		return nil
	case <-g.session.done:
		return g.session.failure()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// socketBuffer is how much may be on its way into a guest, in bytes: User Mode
// Linux drops a frame that does not fit at once.
const socketBuffer = 1 << 20

// socketPair makes two connected sockets. Ours does not block (Go's poller serves
// it); the guest's is as the machines expect it.
func socketPair(kind int) (ours, guests *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	err = unix.SetNonblock(fds[0], true)
	for _, fd := range fds {
		// The kernel silently takes less when net.core.wmem_max says so.
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer))
	}
	if err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return nil, nil, fmt.Errorf("set up a socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket of the guest"), nil
}

// memoryDir is where machines may keep that many bytes of memory in files: in the
// host's memory if there is room and programs may be mapped from there, else in
// the directory for temporary files.
func memoryDir(size int64) string {
	const shm = "/dev/shm"
	var fs unix.Statfs_t
	if unix.Statfs(shm, &fs) != nil || unix.Access(shm, unix.W_OK) != nil {
		return os.TempDir()
	}
	if fs.Flags&unix.ST_NOEXEC != 0 || int64(fs.Bavail)*fs.Bsize < size {
		return os.TempDir()
	}
	return shm
}

// status describes the supervisor's exit for people.
func (g *guest) status() string {
	var exit *exec.ExitError
	if errors.As(g.exit, &exit) {
		return "exit status " + strconv.Itoa(exit.ExitCode())
	}
	if g.exit != nil {
		return g.exit.Error()
	}
	return "powered off"
}
