// SPDX-License-Identifier: Apache-2.0

// Package actor plays programs of Go that use one lock, step by step as a test has
// it, in a guest.
//
// Not for programs in C, nor for what needs several locks or many goroutines: such a
// test has roles of its own.
package actor
