// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// rounds is how often a removal of configfs is tried: one that does not wait for
// its RCU callbacks hung this kernel in about one round of thirty.
const rounds = 25

// TestUnloadAgain brings online and unloads again and again: the kernel has to
// live through each removal of configfs.
func TestUnloadAgain(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1))
	rig.Configure(c)
	n, tool := c.Node(0), rig.Tool(t, "o2cb_ctl")
	for range rounds {
		n.MustRun(tool, "online")
		n.MustRun(tool, "offline")
		n.MustRun(tool, "unload")
	}
}
