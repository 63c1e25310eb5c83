// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// startMonitor starts o2hbmonitor beside a cluster that is online, unless one runs.
// That it does not start is no failure of the cluster's.
func (s *service) startMonitor() error {
	if !s.monitor {
		return nil
	}
	err := hbMonitor{percent: defaultPercent}.daemonize(s.std)
	if err != nil && !errors.Is(err, heartbeat.ErrMonitorRuns) {
		fmt.Fprintf(s.std.err, "o2cb_ctl: warning: %s was not started: %v\n", monitorName, err)
	}
	return nil
}

// stopMonitor ends it, ours or the C program.
func (s *service) stopMonitor() error {
	if !s.monitor {
		return nil
	}
	pid, err := heartbeat.MonitorPID()
	if err != nil || pid == 0 || !isMonitor(pid) {
		return err
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("stop %s, process %d: %w", monitorName, pid, err)
	}
	return nil
}

// isMonitor tells whether a process is o2hbmonitor: the semaphore may tell of one
// that is gone, whose number somebody else has by now.
func isMonitor(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.TrimSuffix(string(name), "\n") == monitorName
}
