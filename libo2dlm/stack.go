// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"os"
	"strings"
)

// stackFile says over which cluster stack dlmfs works. A kernel without it knows
// o2cb only.
const stackFile = "/sys/fs/ocfs2/cluster_stack"

// errMustQueue is the answer to a request that must not wait, where none is made.
var errMustQueue = fmt.Errorf("%w: another process or node holds or caches it", ErrBusy)

// refusalsHang reports whether the kernel has to be kept from refusing a request:
// over fs/dlm a refusal by another node reaches user_ast in
// fs/ocfs2/dlmfs/userdlm.c, which returns before it clears USER_LOCK_BUSY. The
// open then waits for ever, and so does every later one of that lock on this node.
func refusalsHang() bool {
	label, err := os.ReadFile(stackFile)
	return err == nil && strings.TrimSpace(string(label)) != "o2cb"
}
