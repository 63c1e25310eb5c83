// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"math/bits"
	"runtime"

	"golang.org/x/sys/unix"
)

// quietly runs fn on a thread of its own to which no signal is delivered.
//
// The kernel's wait for a steady region (o2hb_region_dev_store) ends with EIO at
// any signal to the thread, and Go's runtime sends signals to its threads when
// it likes: SIGURG to preempt, SIGPROF to profile. That way out is not safe: the
// heartbeat thread ends by itself up to two seconds later, the region keeps a
// pointer to it, and removing the region then can crash the kernel (seen on 6.1).
// So nobody interrupts a start; ocfs2_hb_ctl blocks its signals as well.
//
// Faults of fn itself stay deliverable, and so do signals 32 to 34, with which C
// library and Go runtime reach all threads and wait for each.
func quietly(fn func() error) <-chan error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		quiet, old := quietMask(), unix.Sigset_t{}
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &quiet, &old); err != nil {
			result <- err
			return
		}
		err := fn()
		if unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) == nil {
			runtime.UnlockOSThread()
		} // else the thread ends with this goroutine: a locked one does
		result <- err
	}()
	return result
}

// quietMask is all signals but those that a thread must get.
func quietMask() unix.Sigset_t {
	var mask unix.Sigset_t
	for i := range mask.Val {
		mask.Val[i] = ^mask.Val[i]
	}
	for _, signal := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP, 32, 33, 34} {
		bit := int(signal) - 1
		mask.Val[bit/bits.UintSize] &^= 1 << (bit % bits.UintSize)
	}
	return mask
}
