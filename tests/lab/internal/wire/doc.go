// SPDX-License-Identifier: Apache-2.0

// Package wire is what the lab and its agent inside a guest say to each other:
// frames on one byte stream, and the description of a node that the agent boots
// from. Both ends are built from the same tree, so there is no version and no
// compatibility. Do not use it for anything that outlives one boot.
package wire
