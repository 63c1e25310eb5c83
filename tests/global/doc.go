// SPDX-License-Identifier: Apache-2.0

// Package global tests the global heartbeat on real kernels: several regions on
// several disks, started side by side, shared with Debian's C tools.
package global
