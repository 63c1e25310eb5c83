// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The module configfs frees its inodes through RCU callbacks that run its own
// code, and, other than file systems with an inode cache, it does not wait for
// them when it is removed: configfs_free_inode and configfs_exit in
// fs/configfs/mount.c. When the node manager goes, its inodes are queued; a
// removal of configfs right after it has the callback jump to memory that is no
// longer there. A kernel of one processor hung that way in one of some thirty
// tries (6.1). So before configfs goes its callbacks have to have run.

// afterGrace is what a kernel of one processor (tiny RCU), for which a grace
// period is no time at all, needs to run its callbacks: a switch of tasks and a
// soft interrupt.
const afterGrace = 50 * time.Millisecond

// settle waits until the RCU callbacks that the calling thread queued have run,
// if it has stayed on one processor: membarrier(2) waits for a grace period with
// a callback of its own, and each processor runs its callbacks in their order.
func (host) settle() error {
	const global = 1 // MEMBARRIER_CMD_GLOBAL in linux/membarrier.h, kernel 4.3
	_, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0)
	// ENOSYS: built without; EINVAL: not with nohz_full. The pause has to do then.
	if errno != 0 && errno != unix.ENOSYS && errno != unix.EINVAL {
		return fmt.Errorf("membarrier: %w", errno)
	}
	time.Sleep(afterGrace)
	return nil
}

// onOneProcessor runs do on a thread that stays on one processor, unless there are
// more of them than a set holds: the pause has to do then.
func (host) onOneProcessor(do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var was, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &was); errors.Is(err, unix.EINVAL) {
		return do()
	} else if err != nil {
		return fmt.Errorf("read the processors of the thread: %w", err)
	}
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return fmt.Errorf("getcpu: %w", errno)
	}
	one.Set(int(cpu))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("keep the thread on processor %d: %w", cpu, err)
	}
	err := do()
	return errors.Join(err, unix.SchedSetaffinity(0, &was))
}
