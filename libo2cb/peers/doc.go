// SPDX-License-Identifier: Apache-2.0

// Package peers says which nodes of a running cluster have another
// configuration, by asking the lock manager (DLM) that they share: no network
// connection, no daemon.
//
// Every node joins the lock domain [DomainName] on dlmfs and keeps two locks in
// it. The value block of "node-N" is the [Record] of node N. The lock "here-N" is
// cached by node N as long as it is in the domain, which a request that must not
// wait can tell; a record whose owner is gone counts for nothing. All requests
// are exclusive: nodes that mix shared and exclusive requests can hang each other
// in the kernel (seen on 6.1).
//
// A request to the DLM can hang while a node is dead and not yet declared so, and
// a process with a hung thread cannot end. So a program calls [Ask], which has
// [Serve] do it in a child process, waits for a limited time and takes what has
// been answered by then. A child that hangs is left behind; as long as there is
// one, no other is started.
//
// Do not use this package
//   - on a node whose heartbeat can end under it: a node that is evicted from the
//     domain can neither use nor leave it before it is rebooted (see
//     docs/kernel-notes.md); package libo2cb decides that;
//   - to learn who is alive: a node that never published looks like a dead one;
//   - to compare configurations that do not run: the file is enough for that.
//
// It needs dlmfs over the o2cb stack and a value block of 64 bytes (Linux 2.6.30).
package peers
