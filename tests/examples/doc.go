// SPDX-License-Identifier: Apache-2.0

// Package examples holds the tests of the programs that take locks: those below
// libo2dlm/examples, on this host without a cluster and on two nodes of package lab
// with one, and there also the verbs lock, locks and lock-bench of o2cb_ctl.
//
// It is the wrong place for what the library itself promises (package locks), and for
// what the verbs do without a cluster (scripts beside the command).
package examples
