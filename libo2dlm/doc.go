// SPDX-License-Identifier: Apache-2.0

// Package libo2dlm takes locks that hold in a whole O2CB cluster: shared and
// exclusive ones, cached ones, with a small value and a fencing token each. They
// are the locks of the kernel's distributed lock manager (DLM), reached through
// its file system, dlmfs.
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
// Guaranteed: one Exclusive holder, or any number of Shared ones, among all nodes,
// all processes and all goroutines; a wait ends with its context; whoever waits
// gets the lock in turn, and no reader keeps a writer out. When a holder is killed
// its lock is free at once, when its node dies, once the others have declared it
// dead.
//
// Not for you, if what you need is
//
//   - a lock between machines without a common O2CB cluster: use etcd or Consul;
//   - a lock within one machine: use sync.Mutex, or flock(2);
//   - a leader that is replaced within seconds: the default dead_threshold takes a
//     minute to declare a node dead;
//   - to keep a service elsewhere from acting on a request that a dead holder sent
//     before: no lock can do that, see Fencing;
//   - a program whose process is gone at once when it is killed while it waits: its
//     locks are, the process is not, see Waiting.
//
// # Which call
//
// [Domain.Lock] gives a [Hold]: one use of the lock, a few system calls. It may be
// lowered, raised, asked for a token, and released by any goroutine.
//
// [Domain.Mutex] is for locks that are used often: the process keeps the lock after
// Unlock, and taking it again is an atomic operation or two, until somebody else
// wants it.
//
// Declare locks that nobody ever takes Shared with JoinOptions.ExclusiveOnly or
// MutexOptions.ExclusiveOnly: each request that reaches the kernel is several
// times as quick then.
//
// # What a lock means
//
// The kernel's own lock belongs to the node. A flock(2) on the same file keeps the
// processes of a node apart, and a queue the goroutines.
//
// A lock is never taken away from a program that lives. A node that loses the
// cluster is reset by its own kernel (fenced), and its locks pass on when the
// others have declared it dead. So there is nothing like a "lock lost" channel to
// watch: a program whose lock was lost does not run any more.
//
// With T for the cluster's dead_threshold, the next holder gets a dead node's lock
// (T - 1) x 2 to (T + 1) x 2 seconds after the death, when T readings of its
// heartbeat have shown no change, and up to 5 seconds on top, because the kernel
// looks for locks to recover only so often: 60 to 69 seconds with the default of
// 31. Measured on 6.1; o2hb_check_slot in fs/ocfs2/cluster/heartbeat.c,
// dlm_recovery_thread in fs/ocfs2/dlm/dlmrecovery.c.
//
// The heartbeat must outlive the locks. In local mode the kernel stops it with the
// last volume that is unmounted, whatever locks are held, and the other nodes take
// them over two seconds later while their holders go on. A node whose programs
// lock keeps a heartbeat of its own: o2cb_ctl heartbeat start DEVICE.
//
// # Waiting
//
// The kernel's wait for another node cannot be interrupted. Lock returns when its
// context ends, but the thread behind it stays until the lock is granted (and then
// released again), and the process cannot end before, not even by SIGKILL. What the
// process holds is free all the same when it is killed: the thread that waits has a
// table of descriptors of its own (Linux 5.9), with nothing in it but its request.
//
// However many goroutines wait for a resource, one thread waits in the kernel for
// them, and ends with the wait. See JoinOptions.MaxWaiters for how many resources
// can be waited for.
//
// # Sharing and the gate
//
// Two nodes that ask for different levels of one lock at the same moment can hang
// each other's kernel for ever. So each request for a lock that may be shared holds
// a second lock meanwhile, its [Gate]; that also keeps the order between nodes and
// between processes. It costs an open and a close more, and is not passed where
// the process has the lock already: by a Mutex, or by a Shared hold that others
// join.
//
// C programs that use libo2dlm of ocfs2-tools know no gate, and take no flock:
// they are excluded from other nodes, not from this one. Share locks with them
// that both sides take exclusively only (ExclusiveOnly here), and use
// [Hold.RawValue], because they know no frame around the value. A C program that
// takes the same locks shared can hang the kernel, with or without this package.
//
// # Values and tokens
//
// Each lock carries [Hold.Value], up to 48 bytes that travel with it. It is in the
// memory of the nodes only: when a node dies that held the lock exclusively, or had
// it cached so, the value is gone ([ErrValueLost]).
//
// # Fencing
//
// What a holder sent before it died, to a disk or over the network, may arrive
// after the next holder has started; no lock prevents that. On the disks of the
// cluster the reset of the dead node does, because the lock passes on later. A
// service elsewhere has to check [Hold.Token], a number that grows with each
// exclusive holder, and refuse requests with a lower one than it has seen; the
// example of Token shows such a service. A lock without a token that is checked at
// the other end makes conflicts rare, not impossible: it is good for saving work,
// not for keeping data right.
//
// # When things break
//
//   - The holder's process dies, however: the lock is free at once, for this node
//     and the others. The value stays as it was last set.
//   - The holder's node dies or is cut off: see What a lock means. Value and tokens
//     start anew.
//   - The cluster is to be taken offline under a holder or a waiter: o2cb_ctl refuses.
//     With --force it asks first, by touching the lock's file, which a Mutex obeys
//     and Hold.Contended tells of.
//   - The domain's directory is removed, as the C library does when its last user
//     leaves: only possible while nothing is held; the next request joins again.
//   - dlmfs is unmounted: not possible while a Domain is open (EBUSY).
//   - dlmfs has no capability "bast" (before Linux 2.6.36): a Mutex keeps a lock for
//     the hold-off only, and Hold.Contended knows of this process's calls only.
//   - A process is killed while it waits: what it holds is free at once, see Waiting.
//   - dlmfs runs over another cluster stack (pcmk, that is fs/dlm): a request that
//     must not wait hangs the lock on this node for ever when another node refuses
//     it, so none is made. TryLock and TryUpgrade wait for the grace at once, also
//     where JoinOptions.TryGrace is negative, and Lock always makes its request on a
//     thread apart.
//
// # Without a cluster
//
// With JoinOptions.SingleNode the same code locks files of a plain directory: for
// tests and laptops, without root. A directory that is not dlmfs is refused
// without that option, so nobody mistakes one for a cluster. Package dlmtest plays
// other nodes there, which want a lock, die with it, or take their time.
//
// Needs Linux. What is said of the kernel was measured on 6.1 with dlmfs over
// o2cb (fs/ocfs2/dlmfs); over pcmk the calls were tested, with nodes that stay.
package libo2dlm
