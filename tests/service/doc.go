// SPDX-License-Identifier: Apache-2.0

// Package service runs the init script beside that of Debian's ocfs2-tools: each
// action in each state that a node can be in, in two guests, and compares what is
// printed, the exit status, the settings and the kernel afterwards. It also types
// the session of the original README at the script's prompts.
package service
