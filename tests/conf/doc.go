// SPDX-License-Identifier: Apache-2.0

// Package conf tests libo2cb/conf against the world outside the process: the C
// parser of Debian's ocfs2-tools, editors in other processes, and system calls
// that fail or never return.
//
// It holds nothing but tests. What needs neither strace nor ocfs2-tools is tested
// beside the code.
package conf
