// SPDX-License-Identifier: Apache-2.0

// Package guide types docs/guide.md into two nodes, block by block, as it stands there.
// It tests the guide, not the product: what a command is to do is tested elsewhere.
package guide
