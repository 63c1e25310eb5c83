// SPDX-License-Identifier: Apache-2.0

// Package locks holds the tests of libo2dlm that need what only a cluster has:
// other nodes, and a kernel in which a wait cannot be interrupted. They run on
// three nodes of package lab, on which this test binary plays the programs that
// use the library.
//
// It is the wrong place for what a plain directory shows as well: such tests
// stand beside the library and need neither guests nor root.
package locks
