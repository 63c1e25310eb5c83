// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// watch rings alarms: when dlmfs says, by poll(2), that another node wants a
// lock, and when inotify(7) says that another process of this node has opened or
// touched its file. One goroutine serves all alarms of a domain.
type watch struct {
	mu      sync.Mutex
	file    *os.File // the epoll instance, which Go's poller polls; nil before the first alarm
	epoll   int
	inotify int
	last    int32            // key given to an alarm
	keys    map[int32]*alarm // by epoll_event.data
	files   map[int32]*alarm // by watch descriptor of inotify
	closing bool
}

// errNotTold is why an alarm cannot be armed: nobody would be told of other
// nodes. dlmfs tells since Linux 2.6.36, where its capabilities have "bast".
var errNotTold = errors.New("this kernel's dlmfs does not say when another node wants a lock")

// keyOfInotify is the epoll key of the inotify instance.
const keyOfInotify = 0

// arm puts an alarm in the watch, for the lock in fd. An error leaves it out;
// then it is rung only by callers of this process.
func (w *watch) arm(a *alarm, fd int, singleNode bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.armed {
		return nil
	}
	if err := w.open(); err != nil {
		return err
	}
	wd, err := unix.InotifyAddWatch(w.inotify, "/proc/self/fd/"+strconv.Itoa(fd), unix.IN_OPEN|unix.IN_ATTRIB)
	if err != nil {
		return fmt.Errorf("inotify_add_watch: %w", err)
	}
	w.last++
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&0xffffffff, Fd: w.last}
	err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &event)
	if err == unix.EPERM && singleNode {
		err = nil // a plain file has no poll, and there are no other nodes
	}
	if err != nil {
		_, _ = unix.InotifyRmWatch(w.inotify, uint32(wd))
		if err == unix.EPERM {
			return errNotTold
		}
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	a.armed, a.fd, a.key, a.wd = true, fd, w.last, int32(wd)
	w.keys[a.key], w.files[a.wd] = a, a
	return nil
}

// disarm takes an alarm out of the watch, before its descriptor is closed. It is
// not rung by others after that.
func (w *watch) disarm(a *alarm) {
	w.mu.Lock()
	defer w.endIfIdle()
	defer w.mu.Unlock()
	if !a.armed {
		return
	}
	a.armed = false
	delete(w.keys, a.key)
	delete(w.files, a.wd)
	// Neither fails but for a descriptor that somebody else has closed.
	_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, a.fd, nil)
	_, _ = unix.InotifyRmWatch(w.inotify, uint32(a.wd))
}

// open makes the two instances and starts the goroutine. The caller holds mu.
func (w *watch) open() error {
	if w.file != nil {
		return nil
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	inotify, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return fmt.Errorf("inotify_init1: %w; see fs.inotify.max_user_instances", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: keyOfInotify}
	err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, inotify, &event)
	if err == nil {
		// Go's poller takes what says that it does not block.
		err = unix.SetNonblock(epoll, true)
	}
	if err != nil {
		unix.Close(epoll)
		unix.Close(inotify)
		return fmt.Errorf("epoll: %w", err)
	}
	w.epoll, w.inotify, w.last = epoll, inotify, keyOfInotify
	w.keys, w.files = map[int32]*alarm{}, map[int32]*alarm{}
	w.file = os.NewFile(uintptr(epoll), "epoll")
	go w.run(w.file)
	return nil
}

// close ends the watch with the last alarm in it.
func (w *watch) close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.endIfIdle()
}

// endIfIdle ends the goroutine of a watch that is closing and has no alarm.
func (w *watch) endIfIdle() {
	w.mu.Lock()
	file, inotify := w.file, w.inotify
	if !w.closing || file == nil || len(w.keys) > 0 {
		w.mu.Unlock()
		return
	}
	w.file = nil
	w.mu.Unlock()
	file.Close() // waits for drain, which needs mu
	unix.Close(inotify)
}

// run waits for events until the file is closed.
func (w *watch) run(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		return // closed already
	}
	_ = raw.Read(func(uintptr) bool { return !w.drain(file) })
}

// drain handles what there is, and reports whether to wait for more.
func (w *watch) drain(file *os.File) bool {
	var events [64]unix.EpollEvent
	for {
		w.mu.Lock()
		if w.file != file {
			w.mu.Unlock()
			return false
		}
		n, err := unix.EpollWait(w.epoll, events[:], 0)
		for _, e := range events[:max(n, 0)] {
			if e.Fd == keyOfInotify {
				w.readKnocks()
			} else if a := w.keys[e.Fd]; a != nil {
				a.ring()
			}
		}
		w.mu.Unlock()
		if err != unix.EINTR && n <= 0 {
			return true
		}
	}
}

// readKnocks reads the events of inotify. The caller holds mu.
//
// Each is a struct inotify_event (inotify(7)): wd, mask, cookie and len, of 32
// bits each in the machine's order, and len bytes of a name, which files have not.
func (w *watch) readKnocks() {
	var buf [64 * unix.SizeofInotifyEvent]byte
	for {
		n, err := unix.Read(w.inotify, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		for p := buf[:n]; len(p) >= unix.SizeofInotifyEvent; {
			wd := int32(binary.NativeEndian.Uint32(p))
			mask := binary.NativeEndian.Uint32(p[4:])
			name := int(binary.NativeEndian.Uint32(p[12:]))
			p = p[min(len(p), unix.SizeofInotifyEvent+name):]
			w.knocked(wd, mask)
		}
	}
}

func (w *watch) knocked(wd int32, mask uint32) {
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		for _, a := range w.files {
			a.knock() // one of them was meant
		}
	case mask&(unix.IN_OPEN|unix.IN_ATTRIB) != 0:
		if a := w.files[wd]; a != nil {
			a.knock()
		}
	}
}
