// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrHanging says that an earlier child process has not got its answer from the
// kernel yet. No other is started beside it.
var ErrHanging = errors.New("an earlier request to the lock manager has no answer yet")

// ErrNoAnswer says that the kernel did not answer in time. A node that has died
// and is not yet declared dead is the usual reason.
var ErrNoAnswer = errors.New("the lock manager does not answer")

// Asker starts child processes.
type Asker struct {
	// Path is a program, and Args its name and arguments, that calls Serve with its
	// standard input and output. Its file descriptor 3 is LockFile, and the next ones
	// are those of Keep.
	Path string
	Args []string
	// LockFile is taken while a child lives, so that there is one at a time. It is
	// made if it does not exist; its directory must.
	LockFile string
	// Keep are files that the child has open as long as it lives; their locks,
	// flock(2), last as long.
	Keep []*os.File
}

// Reply is what a child found out in time.
type Reply struct {
	// Publish is why this node could not join the domain and publish, ErrNoAnswer
	// when it took too long. The nodes were not asked then.
	Publish error
	// Records are the value blocks of the nodes that answered. Absent are those
	// that are not in the domain, Errors those whose lock could not be read; who is
	// in none of the three did not answer.
	Records map[int][]byte
	Absent  map[int]bool
	Errors  map[int]error
}

const (
	// defaultPatience is how long Ask waits when its context has no end.
	defaultPatience = 5 * time.Second
	// margin is what the child's time is shorter than its parent's, so that its last
	// words still come.
	margin = 500 * time.Millisecond
)

// Ask has a child process serve the request and returns what it answered until
// ctx ends, or within five seconds when ctx has no deadline. A child that is late
// is left behind, killed, and ends as soon as the kernel lets it.
//
// An error says that no child could be asked: ErrHanging, or whatever keeps a
// process from being started. Everything else is in the reply.
func (a *Asker) Ask(ctx context.Context, r Request) (Reply, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultPatience)
		defer cancel()
	}
	lock, err := a.lock(ctx)
	if err != nil {
		return Reply{}, err
	}
	defer lock.Close() // the child has it too
	deadline, _ := ctx.Deadline()
	r.Patience = max(time.Until(deadline)-margin, 0).Milliseconds()
	child, answers, err := a.start(r, lock)
	if err != nil {
		return Reply{}, fmt.Errorf("start %s: %w", a.Path, err)
	}
	defer answers.Close()
	stop := context.AfterFunc(ctx, func() { _ = answers.SetReadDeadline(time.Now()) })
	defer stop()
	reply := collect(answers)
	reap(child, ctx.Err() != nil)
	return reply, nil
}

// lockPause is the time between two attempts to take the lock file.
const lockPause = 20 * time.Millisecond

// lock takes the lock file, which another process may need for a moment.
func (a *Asker) lock(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(a.LockFile, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockPause)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: a.LockFile, Err: err}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			defer f.Close()
			return nil, fmt.Errorf("%w (process %s)", ErrHanging, holder(f))
		}
	}
}

func holder(f *os.File) string {
	text := make([]byte, 32)
	n, _ := f.ReadAt(text, 0)
	if pid := string(bytes.TrimSpace(text[:n])); pid != "" {
		return pid
	}
	return "unknown"
}

// start starts a child with nothing of this process but the locks: no terminal,
// no working directory, and pipes of its own, for it may stay.
func (a *Asker) start(r Request, lock *os.File) (child *exec.Cmd, answers *os.File, err error) {
	request, err := requestPipe(r)
	if err != nil {
		return nil, nil, err
	}
	defer request.Close()
	answers, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close()
	child = &exec.Cmd{Path: a.Path, Args: a.Args, Dir: "/", Stdin: request, Stdout: theirs,
		ExtraFiles:  append([]*os.File{lock}, a.Keep...),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := child.Start(); err != nil {
		answers.Close()
		return nil, nil, err
	}
	return child, answers, nil
}

// requestPipe returns a pipe with the request in it, which it can hold: 255
// numbers are a kilobyte, and a pipe has room for four at least. pipe(7).
func requestPipe(r Request) (*os.File, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = in.Write(data)
	if err = errors.Join(err, in.Close()); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// collect reads answers until the last one, or until no more come.
func collect(answers io.Reader) Reply {
	reply := Reply{Publish: ErrNoAnswer, Records: map[int][]byte{}, Absent: map[int]bool{}, Errors: map[int]error{}}
	for lines := json.NewDecoder(answers); ; {
		var a answer
		if lines.Decode(&a) != nil || a.Step == stepEnd {
			return reply
		}
		switch {
		case a.Step == stepPublish || a.Step == stepLeave:
			reply.Publish = a.failure()
		case a.Absent:
			reply.Absent[a.Node] = true
		case a.Error != "":
			reply.Errors[a.Node] = a.failure()
		default:
			reply.Records[a.Node] = a.Block
		}
	}
}

// failure returns the error in an answer, which is still the errno it was.
func (a answer) failure() error {
	switch {
	case a.Error == "":
		return nil
	case a.Errno == 0:
		return errors.New(a.Error)
	}
	return &remoteError{a.Error, a.Errno}
}

// remoteError is an error of the child.
type remoteError struct {
	text  string
	errno syscall.Errno
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.errno }

// reap waits for a child that ends, and leaves one behind that does not.
func reap(child *exec.Cmd, late bool) {
	if late {
		_ = child.Process.Kill()
	}
	go func() { _ = child.Wait() }()
}
