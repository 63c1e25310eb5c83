// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// heldLock is a lock that a child process has taken for this one: what it has open
// of it.
type heldLock struct {
	descriptors []int
	waiter      <-chan struct{} // closed when the child is no more
}

// take has a child process wait for the lock. It returns when the lock is here, when
// it cannot be had, or at once when ctx ends.
func (r *lockRequest) take(ctx context.Context, domain, resource string) (*heldLock, error) {
	fail := func(err error) error { return fmt.Errorf("lock %q of domain %q: %w", resource, domain, err) }
	socket, waiter, err := r.startWaiter(domain, resource)
	if err != nil {
		return nil, fail(err)
	}
	defer socket.Close() // by which the child ends
	stop := context.AfterFunc(ctx, func() { _ = socket.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	message, rights := make([]byte, maxReply), make([]byte, unix.CmsgSpace(4*maxDescriptors))
	n, oob, _, _, err := socket.ReadMsgUnix(message, rights)
	if ctx.Err() != nil {
		closeRights(rights[:oob])
		return nil, fail(ctx.Err())
	}
	if errors.Is(err, io.EOF) {
		return nil, fail(fmt.Errorf("the process that waits for it has ended: %w", io.ErrUnexpectedEOF))
	}
	if err != nil {
		return nil, fail(err)
	}
	var reply waiterReply
	if err := json.Unmarshal(message[:n], &reply); err != nil {
		closeRights(rights[:oob])
		return nil, fail(fmt.Errorf("the process that waits for it says %q: %w", message[:n], err))
	}
	if reply.Failure != nil {
		return nil, reply.Failure.err()
	}
	descriptors, err := parseRights(rights[:oob])
	if err == nil && len(descriptors) == 0 {
		err = errNoDescriptor
	}
	if err != nil {
		return nil, fail(err)
	}
	return &heldLock{descriptors, waiter}, nil
}

// startWaiter starts the child and returns the socket to it, and what is closed when
// it is no more.
func (r *lockRequest) startWaiter(domain, resource string) (*net.UnixConn, <-chan struct{}, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "waiter"), os.NewFile(uintptr(pair[1]), "waiter")
	defer ours.Close() // the connection has a copy
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, err
	}
	// No output: whoever reads it waits for nobody that stays behind. A session of its
	// own: no signal of a terminal reaches it, and it keeps none.
	cmd := exec.Command("/proc/self/exe", append(append([]string{waiterVerb}, r.args()...), "--", domain, resource)...)
	cmd.Args[0], cmd.Dir, cmd.Stdin = "o2cb_ctl", "/", theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("start a process that waits: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it has to say comes through the socket
	}()
	return conn.(*net.UnixConn), ended, nil
}

// parseRights returns the descriptors that came with a message. They are closed on exec.
func parseRights(oob []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("descriptors: %w", err)
	}
	var all []int
	for i := range messages {
		some, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, fmt.Errorf("descriptors: %w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}

func closeRights(oob []byte) {
	descriptors, _ := parseRights(oob)
	(&heldLock{descriptors: descriptors}).release()
}

// release gives the lock back.
func (h *heldLock) release() {
	for _, fd := range h.descriptors {
		unix.Close(fd) // fails for what is closed already only
	}
}

// waiterGrace is how long a child may take to end that has nothing more to do.
const waiterGrace = time.Second

// exec makes this process the command, which holds the lock until it has closed the
// descriptors and with it all that have inherited them. It returns if that fails.
func (h *heldLock) exec(argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return statusError{statusToRun(err), fmt.Errorf("run %q: %w", argv[0], err)}
	}
	select { // the command has not started the child, and should not find it
	case <-h.waiter:
	case <-time.After(waiterGrace):
	}
	for _, fd := range h.descriptors {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return statusError{statusSystem, fmt.Errorf("run %q: fcntl: %w", argv[0], err)}
		}
	}
	err = unix.Exec(path, argv, os.Environ())
	return statusError{statusToRun(err), fmt.Errorf("run %q: exec: %w", argv[0], err)}
}
