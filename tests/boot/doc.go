// SPDX-License-Identifier: Apache-2.0

// Package boot installs the packages of "make dist" in guests, with dpkg and beside
// Debian's ocfs2-tools, and lets the distribution's own init, systemd and sysvinit,
// boot, shut down and reboot them while a neighbour has the volume mounted.
//
// What a single script prints or a unit file says is not tested here, unless no
// guest is needed for it.
package boot
