// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
	"math/bits"
	"testing"

	"golang.org/x/sys/unix"
)

func blocked(mask *unix.Sigset_t, signal unix.Signal) bool {
	bit := int(signal) - 1
	return mask.Val[bit/bits.UintSize]>>(bit%bits.UintSize)&1 == 1
}

func TestQuietly(t *testing.T) {
	var mask unix.Sigset_t
	err := <-quietly(func() error {
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask); err != nil {
			return err
		}
		return unix.EXDEV
	})
	if !errors.Is(err, unix.EXDEV) {
		t.Fatalf("error %v, want that of the function", err)
	}
	for _, signal := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGURG, unix.SIGPROF, unix.SIGTSTP, unix.SIGCHLD, unix.SIGWINCH, 63, 64} {
		if !blocked(&mask, signal) {
			t.Errorf("signal %d (%v) is delivered", signal, signal)
		}
	}
	for _, signal := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP} {
		if blocked(&mask, signal) {
			t.Errorf("signal %d (%v) is blocked", signal, signal)
		}
	}
}
