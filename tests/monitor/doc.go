// SPDX-License-Identifier: Apache-2.0

// Package monitor tests o2hbmonitor, and the reading of heartbeat blocks, on real
// kernels with disks that stop answering: with debugfs and without, and beside the
// C program.
//
// What needs no kernel is tested in libo2cb/heartbeat and o2cb_ctl.
package monitor
