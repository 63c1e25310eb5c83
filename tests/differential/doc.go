// SPDX-License-Identifier: Apache-2.0

// Package differential types the same command lines into Debian's C tools and
// into ours, in one guest and from one state, and compares what comes back:
// standard output, exit status, the cluster.conf as the C parser reads it
// afterwards, and what the kernel has: its configfs, mounts, lock domains and the
// semaphores that count the users of heartbeats. Some start from nothing, some
// while a heartbeat runs, a volume is mounted or a lock is held.
//
// A difference that docs/compatibility.md does not explain fails, and so does one
// that it explains and that is not there. What exactly both do where they
// differ is in testdata/differences.txt; go test -update writes it anew, for
// somebody to read what changed. It is the wrong place for what C cannot do at all.
package differential
