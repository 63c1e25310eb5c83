// SPDX-License-Identifier: Apache-2.0

// Package heartbeat starts and stops heartbeat regions, and keeps the reference
// count that says how many users a region has. The count is the one of the C
// programs of ocfs2-tools: a System V semaphore set for each region, so that a
// mount.ocfs2, an ocfs2_hb_ctl run by the kernel at unmount and this package can
// share a region and the last one turns off the light.
//
// In local mode each volume has its own region, which Start and Stop count users
// of. In global mode the regions are the cluster's and serve all volumes: StartAll
// and StopAll start and stop them together, and the count of each is one.
//
// A semaphore set belongs to an IPC namespace: in a container with its own one
// the count of the host is invisible.
//
// Other than the C programs, a query here never creates a semaphore set, the
// count goes down only after the kernel let go of the region, a set without
// region is cleaned away, and waiting for the set ends with a context.
//
// When not to use this package:
//   - To find the disks of regions: package volume does.
//   - To mount a volume: mount.ocfs2 takes its own reference.
//
// The protocol is that of libo2cb in ocfs2-tools 1.8, file o2cb_abi.c.
package heartbeat
