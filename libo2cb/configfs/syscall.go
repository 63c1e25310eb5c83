// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file are made without telling Go's scheduler. A call that it
// knows of and that lasts longer than some 20 µs makes its watchdog take the
// processor away from the caller, which has to get it back; reading a large
// cluster is thousands of short calls, and on one processor those two cost as
// much as the calls. The price is that nothing else runs on that processor
// meanwhile: so this is for calls that the kernel answers at once, and not for
// mkdir, rmdir, and the write that starts a heartbeat.

// openNow is openat2(2).
func openNow(fd int, rel string, how *unix.OpenHow) (int, error) {
	path, err := unix.BytePtrFromString(rel)
	if err != nil {
		return -1, err
	}
	opened, _, errno := unix.RawSyscall6(unix.SYS_OPENAT2, uintptr(fd), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(opened), nil
}

// preadNow is pread(2) from the start of a file. buf must not be empty.
func preadNow(fd int, buf []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// writeNow is write(2). data must not be empty.
func writeNow(fd int, data []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// closeNow is close(2). Its failure would tell nothing: what was written is in
// the kernel already.
func closeNow(fd int) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// closeAll closes descriptors in as few calls as it can: one for each run of
// consecutive numbers, which all of them are in a program that opens nothing else
// meanwhile. close_range(2), Linux 5.9.
func closeAll(fds []int) {
	for len(fds) > 0 {
		run := 1
		for run < len(fds) && fds[run] == fds[0]+run {
			run++
		}
		_, _, errno := unix.RawSyscall(unix.SYS_CLOSE_RANGE, uintptr(fds[0]), uintptr(fds[run-1]), 0)
		if errno != 0 { // an older kernel, or a filter that does not know the call
			for _, fd := range fds[:run] {
				closeNow(fd)
			}
		}
		fds = fds[run:]
	}
}
