// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// daemonOption tells o2hbmonitor that it has been put into the background, and
// that its standard input is where to report how that went.
const daemonOption = "daemon"

// What the process in the background reports. Anything else is an error.
const (
	reportReady = "ready"
	reportTaken = "taken" // another monitor runs
)

// daemonize starts this program once more, in the background: in a session of its
// own, with / as working directory and, unless it is verbose, nothing of the
// terminal. It returns when that process watches, or could not.
func (m hbMonitor) daemonize(std streams) error {
	reports, input, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reports.Close()
	cmd := exec.Command("/proc/self/exe", "-w", strconv.Itoa(m.percent), "--"+daemonOption)
	cmd.Args[0] = monitorName
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdin = input
	if m.verbose {
		cmd.Args = append(cmd.Args, "-v")
		cmd.Stdout, cmd.Stderr = std.out, std.err
	}
	err = cmd.Start()
	input.Close()
	if err != nil {
		return fmt.Errorf("go to the background: %w", err)
	}
	said, err := bufio.NewReader(reports).ReadString('\n')
	switch said = strings.TrimSuffix(said, "\n"); {
	case err != nil:
		_ = cmd.Wait() // its error is the state
		return fmt.Errorf("the process in the background ended at once: %s", cmd.ProcessState)
	case said == reportReady:
		return cmd.Process.Release()
	case said == reportTaken:
		return heartbeat.ErrMonitorRuns
	}
	return errors.New(said)
}

// reportStart tells the process that waits for this one how the start went, and lets
// go of it.
func reportStart(err error) {
	said := reportReady
	switch {
	case errors.Is(err, heartbeat.ErrMonitorRuns):
		said = reportTaken
	case err != nil:
		said = err.Error()
	}
	// Whoever waited may be gone.
	_, _ = os.Stdin.WriteString(said + "\n")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	_ = unix.Dup3(int(null.Fd()), 0, 0)
}
