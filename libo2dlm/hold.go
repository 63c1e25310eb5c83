// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"sync/atomic"
)

// Hold is a lock that is held. Any goroutine may release it, once.
//
// It is held until then, or until the process ends: a Hold that is lost to the
// garbage collector keeps its lock, because releasing a lock that somebody
// believes to hold does more harm. The descriptor is closed on exec, so no
// child inherits the lock.
type Hold struct {
	resource *resource // not ours any more once released
	name     string
	fd       int
	released atomic.Bool
}

// Release gives the lock back: to the kernel, and through it to whoever waits,
// here, in another process or on another node. Nothing waits in it. The node
// keeps caching the lock until another one wants it, so that the next Lock on
// this node is quick.
//
// The second Release returns ErrReleased and does nothing. Another error says
// that the descriptor was not ours any more (unix.EBADF: some other part of the
// program has closed it, and the lock was lost then).
func (h *Hold) Release() error {
	d := h.resource.domain
	err := ErrReleased
	if h.released.CompareAndSwap(false, true) {
		if err = h.resource.release(h.fd); err == nil {
			return nil
		}
		err = fmt.Errorf("close: %w; the lock is not held any more, and may not have been before", err)
	}
	return d.failed(opRelease, h.name, err)
}
