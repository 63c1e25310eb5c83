// SPDX-License-Identifier: Apache-2.0

// Package guide types docs/guide.md and README.md into two nodes, block by block, as they
// stand there. It tests the pages, not the product: what a command is to do is tested elsewhere.
package guide
