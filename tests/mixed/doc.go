// SPDX-License-Identifier: Apache-2.0

// Package mixed runs one cluster with Debian's ocfs2-tools on one node and the
// product on the other, and then the other way round: neither can tell.
//
// It has no part that another test could use.
package mixed
