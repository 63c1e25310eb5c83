// SPDX-License-Identifier: Apache-2.0

// Command o2cb_ctl turns /etc/ocfs2/cluster.conf into a running O2CB cluster
// and runs programs under its locks. It parses arguments, calls libo2cb and
// libo2dlm, and prints; it holds no logic of its own.
//
// It is the wrong program for a cluster of the pcmk or cman stacks, whose
// members corosync knows: there only volumes and locks are of use.
package main
