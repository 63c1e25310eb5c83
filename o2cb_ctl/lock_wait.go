// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// waiterVerb is the hidden verb of the child process that waits for a lock. The
// kernel keeps whoever waits for another node's lock until it is granted, be he
// killed, so it is a process that nobody waits for and that holds nothing: when
// the command has ended it ends too, as soon as the kernel lets it.
const waiterVerb = "wait-for-lock"

// waiterReply is the child's one message, to the socket that is its standard
// input. With a failure of null the lock's descriptors come along (SCM_RIGHTS,
// unix(7)): a lock of dlmfs, and the flock on it, belong to the open file and not
// to the process that has opened it.
type waiterReply struct {
	Failure *childFailure `json:"failure"`
}

// maxReply bounds the message: an error is a line with two paths of at most 4096 bytes.
const maxReply = 1 << 16

// maxDescriptors is more than a lock has.
const maxDescriptors = 8

// newWaitForLock makes the verb of the child process.
func newWaitForLock(*settings) *cobra.Command {
	var r lockRequest
	cmd := &cobra.Command{
		Use:    waiterVerb + " DOMAIN RESOURCE",
		Short:  "Wait for a lock (run by lock)",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			setProcessName("o2cb_ctl")
			socket := int(os.Stdin.Fd())
			if err := closeInherited(); err != nil {
				return err
			}
			go exitAtEnd(socket)
			r.serve(cmd.Context(), socket, args[0], args[1])
			return nil
		},
	}
	r.addTo(cmd.Flags())
	exclude(cmd)
	return cmd
}

// exitAtEnd ends this process when its parent has gone or wants the lock no more.
// What waits in the kernel keeps the process there, as one that has ended, and the
// kernel gives the lock back that is granted to it.
func exitAtEnd(socket int) {
	var buf [1]byte
	for {
		if _, err := unix.Read(socket, buf[:]); err != unix.EINTR {
			os.Exit(0)
		}
	}
}

// closeInherited closes what the caller of o2cb_ctl had open and did not mean for
// this process, which may be there for long: another lock, for example. What Go has
// opened itself is closed on exec, and so is told from it.
func closeInherited() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= unix.Stderr {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	return nil
}

// serve takes the lock, sends it to the parent, or why it could not be had, and ends
// this process. Nothing is released here: that would undo the flock for all that
// have the open file. Nor is a request waited for that was given up.
func (r *lockRequest) serve(ctx context.Context, socket int, domain, resource string) {
	var reply waiterReply
	var rights []byte
	err := r.hold(ctx, domain, resource)
	if err == nil {
		var descriptors []int
		descriptors, err = descriptorsOf(domain, resource)
		rights = unix.UnixRights(descriptors...)
	}
	if err != nil {
		reply.Failure, rights = describeFailure(err), nil
	}
	message, err := json.Marshal(reply)
	if err == nil {
		err = unix.Sendmsg(socket, message, rights, nil, unix.MSG_NOSIGNAL)
	}
	if err != nil {
		os.Exit(statusSystem) // the parent has gone
	}
	os.Exit(0)
}

// hold joins the domain and takes the lock as it is wanted.
func (r *lockRequest) hold(ctx context.Context, domain, resource string) error {
	level := libo2dlm.Exclusive
	if r.shared {
		level = libo2dlm.Shared
	}
	if r.timeout.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout.Duration)
		defer cancel()
	}
	d, err := libo2dlm.Join(ctx, domain, r.join())
	if err != nil {
		return err
	}
	if r.nonblock || r.timeout.set && r.timeout.Duration == 0 {
		_, err = d.TryLock(resource, level)
	} else {
		_, err = d.Lock(ctx, resource, level)
	}
	return err
}

// errNoDescriptor is what cannot be, while the lock is held.
var errNoDescriptor = errors.New("the process that has the lock has no descriptor of it")

// descriptorsOf returns what this process has open of a lock.
func descriptorsOf(domain, resource string) ([]int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err != nil || filepath.Base(target) != resource || filepath.Base(filepath.Dir(target)) != domain {
			continue
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, fd)
	}
	if len(found) == 0 || len(found) > maxDescriptors {
		return nil, fmt.Errorf("%w (%d)", errNoDescriptor, len(found))
	}
	return found, nil
}

// lockReasons are the errors of a lock that the parent tells apart.
func lockReasons() []error {
	return []error{context.DeadlineExceeded, libo2dlm.ErrBusy, libo2dlm.ErrName, libo2dlm.ErrOffline,
		libo2dlm.ErrNotDLMFS, libo2dlm.ErrDLMFS, libo2dlm.ErrTooManyWaiters}
}
