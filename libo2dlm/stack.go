// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// stackFile says over which cluster stack dlmfs works. A kernel without it knows
// o2cb only.
const stackFile = "/sys/fs/ocfs2/cluster_stack"

// errMustQueue is the answer to a request that must not wait, where none is made.
var errMustQueue = fmt.Errorf("%w: another process or node holds or caches it", ErrBusy)

// openFlags returns with what flags a request that queues so opens a lock, or
// errMustQueue if it must not be made.
func (d *Domain) openFlags(q queueing) (int, error) {
	switch {
	case q != dontWait:
		return 0, nil
	case d.mustQueue:
		return 0, errMustQueue
	}
	return unix.O_NONBLOCK, nil
}

// refusalsHang reports whether the kernel has to be kept from refusing a request:
// over fs/dlm a refusal by another node reaches user_ast in
// fs/ocfs2/dlmfs/userdlm.c, which returns before it clears USER_LOCK_BUSY. The
// open then waits for ever, and so does every later one of that lock on this node.
func refusalsHang() bool {
	label, err := os.ReadFile(stackFile)
	return err == nil && strings.TrimSpace(string(label)) != "o2cb"
}
