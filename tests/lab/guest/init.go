// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors that the agent beside another process 1 is started with.
const (
	besideChannelFD = 3
	besideHostFD    = 4
)

// besideName is the agent's name there. The @ keeps systemd's last round of
// kills, before it powers off, from it (systemd's ROOT_STORAGE_DAEMONS), so that
// the lab can watch a shutdown to its end.
const besideName = "@lab"

// handOver leaves process 1 to another program and the lab's work to a child. It
// returns only when it fails.
func handOver(init []string, channel, host *os.File, release string) error {
	_, err := syscall.ForkExec("/proc/self/exe", []string{besideName, "serve", release}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   baseEnv,
		Files: []uintptr{0, 1, 2, channel.Fd(), host.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("start the agent beside %s: %w", init[0], err)
	}
	return fmt.Errorf("become %s: %w", init[0], unix.Exec(init[0], init, baseEnv))
}

// serveBesideInit is the life of that child: serve RELEASE. The guest ends with the
// channel, whoever is process 1.
func serveBesideInit(args []string) error {
	syscall.CloseOnExec(besideChannelFD)
	syscall.CloseOnExec(besideHostFD)
	err := serve(os.NewFile(besideChannelFD, "channel"), os.NewFile(besideHostFD, "host"), args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	powerOff()
	return nil
}
