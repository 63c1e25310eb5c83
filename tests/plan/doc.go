// SPDX-License-Identifier: Apache-2.0

// Package plan tests plan, apply and undo on real kernels: what changes live and
// what does not, and what is left when a program is killed, or refused by the
// kernel, at any of its system calls.
//
// It holds nothing but tests. The steps and their order are tested in package
// plan of libo2cb, and with random clusters in tests/stack.
package plan
