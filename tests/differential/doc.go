// SPDX-License-Identifier: Apache-2.0

// Package differential types the same command lines into Debian's C tools and
// into ours, in one guest, and compares what comes back: standard output, exit
// status, the cluster.conf as the C parser reads it afterwards, and the
// kernel's configfs. A difference that docs/compatibility.md does not explain,
// and one that it explains and that is not there, fails.
package differential
