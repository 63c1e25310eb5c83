// SPDX-License-Identifier: Apache-2.0

// Package dlmtest is for the tests of programs that use package libo2dlm. It gives
// them locks without a cluster and without root, other nodes that hold and want
// those locks when the test says so, nodes that die, values that are lost, and
// requests that take their time.
//
//	c := dlmtest.New(t.TempDir())
//	d, err := libo2dlm.Join(ctx, "myapp", c.Options()) // what the program does
//	…
//	other, err := c.Node("myapp")                      // another node
//	…
//	h, err := other.TryLock("reindex", libo2dlm.Exclusive)
//	// now the program does not get the lock
//
// A node here is another user of the same directory, with libo2dlm.JoinOptions.SingleNode:
// it excludes, knocks and waits as another process of this machine does. What only a
// cluster has is missing: a wait in the kernel that keeps a process from ending,
// a level that a node has cached from before, and reset of nodes. Test that on a
// cluster. What a program is told of the locks is the same: Contended,
// ErrBusy, ErrValueLost, fencing tokens.
//
// Do not use this package to run a program without a cluster: SingleNode alone
// does that.
package dlmtest
