// SPDX-License-Identifier: Apache-2.0

// Package lab boots a cluster of real Linux kernels on this machine, without root,
// and gives a test every fault that a cluster can have:
//
//	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "64M"))
//	c.Node(0).MustRun("mkfs.ocfs2", c.Disk(0))
//	c.Cut(0, 1)
//	c.Node(1).PowerOff()
//
// A node is a User Mode Linux kernel (about a second to boot) or, with QEMU, the
// distribution's stock kernel under software emulation. It runs this machine's own
// userland: the host's root read-only, with a memory file system of the guest over
// it, so that every program of the host is there and nothing that a node writes
// reaches the host. Its own are /tmp, /run, /etc/hosts, an empty /etc/ocfs2 and the
// network 10.9.0.0/24, of which this process is the switch: no frame leaves it. No
// cluster module is loaded and neither configfs nor debugfs is mounted.
//
// Every guest is dead when its test has ended, and when the test's process has
// ended in whatever way.
//
// It needs the Debian packages user-mode-linux and kmod (for QEMU also
// qemu-system-x86 and an unpacked linux-image-amd64), installed or unpacked into
// the directory that O2CB_LAB_PACKAGES names (else .cache/packages of this
// repository); "make packages" gets them. The consoles of a failed test are kept in
// the directory that O2CB_LAB_KEEP names (else .cache/lab of this repository).
//
// When not to use it: for what a plain directory or a fake shows as well (a boot
// costs a second of both processors); to measure absolute speed (system calls of a
// guest are slow: compare within one guest only); to keep hostile programs in (a
// guest runs with the rights of this process); for memory models and races of
// several processors, which only QEMU has, and emulated.
package lab
