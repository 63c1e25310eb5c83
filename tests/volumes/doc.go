// SPDX-License-Identifier: Apache-2.0

// Package volumes compares the packages volume and heartbeat with Debian's
// ocfs2-tools: on image files of every kind of volume that mkfs.ocfs2 makes, and
// on the kernels of the lab, where programs in C and in Go share heartbeat
// regions. It has tests only.
//
// When not to add to it: what needs neither those tools nor a kernel is tested
// in the packages themselves.
package volumes
