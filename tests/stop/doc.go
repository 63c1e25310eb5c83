// SPDX-License-Identifier: Apache-2.0

// Package stop takes a cluster down whose users are in the way, on real kernels:
// what is refused and named, and what force does to whom in which order.
//
// It has no part that another test could use.
package stop
