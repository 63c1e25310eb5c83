// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Who and how ioprio_set(2) is asked; include/uapi/linux/ioprio.h.
const (
	ioprioWhoProcess = 1
	ioprioClassRT    = 1
	ioprioClassShift = 13
)

// PrioritizeHeartbeat gives the kernel's heartbeat thread of a region the
// real-time I/O class, so that other I/O of this node does not delay its beats.
// target is a device or a volume's UUID; priority is 0, the highest, to 7.
//
// It fails with [ErrNoCluster], with the kernel's answer when there is no such
// region, with unix.ESRCH while it has no thread, and with unix.EPERM without
// CAP_SYS_ADMIN.
func (m *Manager) PrioritizeHeartbeat(target string, priority int) error {
	if err := m.prioritize(target, priority); err != nil {
		return fmt.Errorf("raise the I/O priority of the heartbeat on %s to %d: %w", target, priority, err)
	}
	return nil
}

func (m *Manager) prioritize(target string, priority int) error {
	kernel, name, err := m.onlineCluster()
	if err != nil {
		return err
	}
	region, err := RegionOf(target)
	if err != nil {
		return err
	}
	pid, err := kernel.RegionPID(name, region)
	if err != nil {
		return err
	}
	if pid == 0 { // which would be this very process
		return fmt.Errorf("region %s has no heartbeat thread: %w", region, unix.ESRCH)
	}
	_, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid),
		uintptr(ioprioClassRT<<ioprioClassShift|priority))
	if errno != 0 {
		return fmt.Errorf("ioprio_set of process %d: %w", pid, errno)
	}
	return nil
}
