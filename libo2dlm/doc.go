// SPDX-License-Identifier: Apache-2.0

// Package libo2dlm takes locks that hold in a whole O2CB cluster. They are the
// locks of the kernel's distributed lock manager (DLM), reached through its
// file system, dlmfs.
//
//	d, err := libo2dlm.Join(ctx, "myapp", nil) // root, on a node that is online
//	if err != nil {
//		return err
//	}
//	defer d.Close()
//	h, err := d.Lock(ctx, "reindex", libo2dlm.Exclusive)
//	if err != nil {
//		return err // ctx has ended, say
//	}
//	defer h.Release()
//	// nobody else in the cluster is here
//
// # What a lock means
//
// One holder in the cluster: no other node, no other process of this node and no
// other goroutine of this process has the resource. (The kernel's own lock
// belongs to the node; a flock(2) on the same file keeps the processes of a node
// apart, and a queue the goroutines. C programs that use libo2dlm of ocfs2-tools
// are excluded on other nodes, but not on this one: they do not take the flock.)
//
// A lock is never taken away from a program that lives. A node that loses the
// cluster is reset by its own kernel (fenced), and its locks pass on when the
// others have declared it dead. So there is nothing like a "lock lost" channel to
// watch: a program whose lock was lost does not run any more. What it sent before,
// to a disk or over the network, may still arrive after the next holder has
// started.
//
// With T for the cluster's dead_threshold, the next holder gets a dead node's lock
// (T - 1) x 2 to (T + 1) x 2 seconds after the death, when T readings of its
// heartbeat have shown no change, and up to 5 seconds on top, because the kernel
// looks for locks to recover only so often: 60 to 69 seconds with the default of
// 31. Measured on 6.1; o2hb_check_slot in fs/ocfs2/cluster/heartbeat.c,
// dlm_recovery_thread in fs/ocfs2/dlm/dlmrecovery.c.
//
// A holder that is killed releases at once, like one that closes its files.
//
// The heartbeat must outlive the locks. In local mode the kernel stops it with the
// last volume that is unmounted, whatever locks are held, and the other nodes take
// them over two seconds later while their holders go on. A node whose programs
// lock keeps a heartbeat of its own: o2cb_ctl heartbeat start DEVICE.
//
// # When not to use it
//
//   - Between nodes that do not share an O2CB cluster. Use etcd or Consul there.
//   - To protect what is not fenced with the node: a service elsewhere that acts on
//     a delayed request cannot know that the lock has moved on.
//   - Within one machine. Use sync.Mutex, or flock(2).
//   - To elect a leader that must be replaced within seconds, unless the cluster's
//     dead_threshold was lowered for it.
//   - Where a waiting program must be killable. The kernel's wait cannot be
//     interrupted: Lock returns when its context ends, but the thread behind it
//     stays until the lock is granted (and then released again), and the process
//     cannot end before, not even by SIGKILL.
//   - For shared (read) locks: this version refuses them, see Shared.
//   - On a node that runs C programs holding the same resources shared: the kernel
//     can hang both for ever when nodes mix the two levels.
//
// # Cost
//
// Taking a lock that this node had last is three system calls (open, flock,
// close) and one allocation. The first use of a resource takes about two round
// trips to each other node, a lock that another node caches about three one-way
// messages. Each hold is a new request, so no node and no process starves while
// another takes and releases the same lock in a loop.
//
// However many goroutines wait for a resource, one thread waits in the kernel for
// them. See JoinOptions.MaxWaiters for how many resources can be waited for.
//
// # Without a cluster
//
// With JoinOptions.SingleNode the same code locks files of a plain directory: for
// tests and laptops, without root. A directory that is not dlmfs is refused
// without that option, so nobody mistakes one for a cluster.
//
// Needs Linux. What is said of the kernel was measured on 6.1 with dlmfs over
// o2cb (fs/ocfs2/dlmfs).
package libo2dlm
