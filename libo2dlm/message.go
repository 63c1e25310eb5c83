// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// message carries one descriptor over a socket, SCM_RIGHTS in unix(7). It is spelled
// out, and goes without telling Go's scheduler, because it is part of each hand-over of
// a lock; neither call waits, one for room or one for a message that is there.
type message struct {
	header  unix.Msghdr
	data    unix.Iovec
	letter  byte // a message must not be empty
	control []byte
}

func newMessage() *message {
	m := &message{control: make([]byte, unix.CmsgSpace(4))}
	m.data.Base = &m.letter
	m.data.SetLen(1)
	m.header.Iov = &m.data
	m.header.SetIovlen(1)
	m.header.Control = &m.control[0]
	return m
}

// rights returns the parts of the control data.
func (m *message) rights() (*unix.Cmsghdr, *int32) {
	return (*unix.Cmsghdr)(unsafe.Pointer(&m.control[0])), (*int32)(unsafe.Pointer(&m.control[unix.CmsgLen(0)]))
}

func (m *message) send(socket, fd int) error {
	head, content := m.rights()
	head.Level, head.Type = unix.SOL_SOCKET, unix.SCM_RIGHTS
	head.SetLen(unix.CmsgLen(4))
	*content = int32(fd)
	return m.call(unix.SYS_SENDMSG, socket, 0)
}

// receive returns unix.EMFILE when the kernel had no number for the descriptor: then it
// leaves that out and says nothing.
func (m *message) receive(socket int) (int, error) {
	if err := m.call(unix.SYS_RECVMSG, socket, unix.MSG_CMSG_CLOEXEC); err != nil {
		return noFile, err
	}
	head, content := m.rights()
	if int(m.header.Controllen) < unix.CmsgLen(4) || head.Type != unix.SCM_RIGHTS {
		return noFile, unix.EMFILE
	}
	return int(*content), nil
}

func (m *message) call(number uintptr, socket, flags int) error {
	return retry(func() error {
		m.header.SetControllen(len(m.control))
		_, _, errno := unix.RawSyscall(number, uintptr(socket), uintptr(unsafe.Pointer(&m.header)), uintptr(flags))
		if errno != 0 {
			return errno
		}
		return nil
	})
}
