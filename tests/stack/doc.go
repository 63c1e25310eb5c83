// SPDX-License-Identifier: Apache-2.0

// Package stack tests on real kernels that a cluster comes up and goes down
// exactly: modules and mounts, nodes in configfs, every refusal of the kernel,
// and what a failure or a crash in the middle leaves.
//
// When not to add to it: heartbeat regions and volumes have their own folders,
// and what needs no kernel is tested beside the code.
package stack
