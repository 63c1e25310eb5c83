// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// apart is a thread with a table of descriptors of its own, for requests that may wait
// in the kernel. That is every request but those of lockInline: one that must not queue
// waits too while another process of this node does.
//
// Nothing ends the wait of open(2) on dlmfs, and a process that is killed closes its
// files when the last of its threads has ended. Did a waiting thread share them, then
// a process that is killed while it waits for one lock would keep all others that it
// holds: two such processes wait for each other for ever, and one waits for itself
// that asks for a level of a lock which it holds while another node wants that (Linux
// 6.1, measured). So the thread that waits has nothing but the gate that it has passed;
// what it is granted is passed on to the process's own table.
//
// It also keeps what the Go runtime needs, on whatever thread it runs: its poller and
// standard error. Where the kernel gives a thread no table of its own (before Linux 5.9,
// or behind a filter of system calls) it shares that of the process.
type apart struct {
	calls    chan func()
	done     chan struct{} // gets a token at the end of each call
	passage  *passage
	unshared bool // written by the thread before its first call
}

// newApart starts a thread that can open locks in the directory. End it.
func newApart(p *passage) *apart {
	a := &apart{calls: make(chan func()), done: make(chan struct{}, 1), passage: p}
	go a.start()
	return a
}

// start runs the thread, on any but the first of the process: that one cannot end, and
// its table is what the process shows as its own. While this goroutine is locked to it
// no other is put there.
func (a *apart) start() {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		a.run()
		return
	}
	defer runtime.UnlockOSThread()
	elsewhere := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(elsewhere)
		a.run()
	}()
	<-elsewhere
}

// run is the life of the thread. Its goroutine never lets go of it, so that it ends
// with it and nothing else of the program ever runs there.
func (a *apart) run() {
	a.unshared = unshareFiles(a.passage.kept) == nil
	for call := range a.calls {
		call()
		a.done <- struct{}{}
	}
	if a.unshared {
		// Not what the Go runtime needs, which may look at its poller here once more.
		_ = closeRaw(a.passage.dir)
		_ = closeRaw(a.passage.in)
	}
	close(a.done)
}

// end ends the thread. When it returns, nothing of the directory is open there.
func (a *apart) end() {
	close(a.calls)
	<-a.done
}

// do makes a call on the thread. Descriptors that the call opens are the thread's.
func (a *apart) do(call func()) {
	a.calls <- call
	<-a.done
}

// open has the thread open a lock, and moves its descriptor to the process's table.
func (a *apart) open(how func() (fd int, err error)) (fd int, err error) {
	a.do(func() {
		if fd, err = how(); err == nil && a.unshared {
			err = a.passage.send(fd)
		}
	})
	switch {
	case err != nil:
		return noFile, err // a number that it had there may be another file's here
	case !a.unshared:
		return fd, nil
	}
	return a.passage.receive()
}

// passage is a pair of sockets that descriptors go through, out of the tables of
// threads apart.
type passage struct {
	dir     int
	in, out int
	kept    []int // what such a thread keeps of the process's descriptors, ascending

	turn    sync.Mutex // held from send to receive: one descriptor at a time
	message *message
}

// newPassage makes the passage of a directory. It is made early, so that the numbers
// are low: see unshareFiles.
func newPassage(dir int) (*passage, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	p := &passage{dir: dir, in: ends[0], out: ends[1], message: newMessage()}
	if p.kept, err = runtimeFiles(); err != nil {
		p.close()
		return nil, err
	}
	p.kept = append(p.kept, dir, p.in, unix.Stderr)
	slices.Sort(p.kept)
	p.kept = slices.Compact(p.kept)
	return p, nil
}

// runtimeFiles returns the descriptors of pollers that this process has, that of the
// Go runtime among them: an epoll(7) set and an eventfd(2) that wakes whoever waits
// there. netpoll_epoll.go in package runtime.
func runtimeFiles() ([]int, error) {
	// The first timer makes them.
	time.AfterFunc(time.Hour, func() {}).Stop()
	const table = "/proc/self/fd"
	entries, err := os.ReadDir(table)
	if err != nil {
		return nil, err
	}
	var files []int
	for _, e := range entries {
		is, err := os.Readlink(filepath.Join(table, e.Name()))
		if err != nil || is != "anon_inode:[eventpoll]" && is != "anon_inode:[eventfd]" {
			continue // of another kind, or closed meanwhile
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		files = append(files, fd)
	}
	return files, nil
}

func (p *passage) close() {
	unix.Close(p.in)
	unix.Close(p.out)
}

// send moves a descriptor out of the calling thread's table. Without an error there is
// one to receive.
func (p *passage) send(fd int) error {
	p.turn.Lock()
	err := p.message.send(p.in, fd)
	// Not closeLock, whose LOCK_UN would be felt by all copies.
	_ = closeRaw(fd)
	if err != nil {
		p.turn.Unlock()
		return fmt.Errorf("pass a descriptor to the process: sendmsg: %w", err)
	}
	return nil
}

// receive moves the descriptor that was sent into the process's table.
func (p *passage) receive() (int, error) {
	defer p.turn.Unlock()
	fd, err := p.message.receive(p.out)
	if err != nil {
		return noFile, fmt.Errorf("pass a descriptor to the process: recvmsg: %w", err)
	}
	return fd, nil
}

// unshareFiles gives the calling thread a table of descriptors with no more than a few
// of the process's, in ascending order. The kernel copies only those up to the highest.
// close_range(2), CLOSE_RANGE_UNSHARE, Linux 5.9.
func unshareFiles(kept []int) error {
	const unshare = 1 << 1 // CLOSE_RANGE_UNSHARE, include/uapi/linux/close_range.h
	if err := closeRange(kept[len(kept)-1]+1, -1, unshare); err != nil {
		return err
	}
	next := 0
	for _, fd := range kept {
		if next < fd {
			if err := closeRange(next, fd-1, 0); err != nil {
				return err
			}
		}
		next = fd + 1
	}
	return nil
}

// closeRange closes descriptors, last included; -1 is the highest there can be.
func closeRange(first, last, flags int) error {
	_, _, errno := unix.Syscall(unix.SYS_CLOSE_RANGE, uintptr(uint32(first)), uintptr(uint32(last)), uintptr(flags))
	if errno != 0 {
		return errno
	}
	return nil
}
