// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System V semaphores, which golang.org/x/sys has no functions for. semget(2),
// semop(2), semctl(2).
const (
	ipcCreate = 0o1000 // IPC_CREAT, include/uapi/linux/ipc.h
	ipcRemove = 0      // IPC_RMID
	semPID    = 11     // GETPID, include/uapi/linux/sem.h
	semValue  = 12     // GETVAL
	semUndo   = 0x1000 // SEM_UNDO
)

// semBuf is struct sembuf.
type semBuf struct {
	number uint16
	change int16 // 0 waits for zero
	flags  int16
}

// kernelTimespec is struct __kernel_timespec, with 64 bits on all machines.
type kernelTimespec struct{ seconds, nanoseconds int64 }

// semGet returns the identifier of the set with the given key. With ipcCreate
// in flags a missing set is made; else ENOENT. count 0 takes a set of any size.
func semGet(key int32, count, flags int) (id int, err error) {
	r, _, errno := unix.Syscall(unix.SYS_SEMGET, uintptr(key), uintptr(count), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// semOp does all of ops or nothing. It waits for at most limit and then answers
// EAGAIN; a signal is no reason to give up.
//
// It blocks the thread in the kernel. What it does with semUndo is undone when
// the process ends: Go makes its threads with CLONE_SYSVSEM (runtime/os_linux.go),
// as the C library does, so that the undo list belongs to the process, not to
// the thread that happens to run here.
func semOp(id int, limit time.Duration, ops ...semBuf) error {
	deadline := time.Now().Add(limit)
	for {
		left := max(0, time.Until(deadline))
		timeout := kernelTimespec{int64(left / time.Second), int64(left % time.Second)}
		_, _, errno := unix.Syscall6(sysSemTimedOp, uintptr(id),
			uintptr(unsafe.Pointer(unsafe.SliceData(ops))), uintptr(len(ops)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
		runtime.KeepAlive(ops)
		switch {
		case errno == 0:
			return nil
		case !errors.Is(errno, unix.EINTR):
			return errno
		}
	}
}

// semGetValue returns the value of one semaphore of a set.
func semGetValue(id, number int) (int, error) {
	r, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(number), semValue, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// semLastUser returns the process that was the last to change one semaphore of a set.
func semLastUser(id, number int) (pid int, err error) {
	r, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(number), semPID, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// semRemove destroys a set. Whoever waits for it gets EIDRM.
func semRemove(id int) error {
	_, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, ipcRemove, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
