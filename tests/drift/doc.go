// SPDX-License-Identifier: Apache-2.0

// Package drift shows on real kernels that a node learns which other nodes run
// with another configuration, that asking is safe when a node dies, and that it
// leaves nothing behind. It has no code but tests.
package drift
