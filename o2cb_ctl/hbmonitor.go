// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
)

// monitorName is the name of this program among processes, for killall(1).
const monitorName = "o2hbmonitor"

// monitorUsage is the usage of the C program o2hbmonitor.
const monitorUsage = `usage: o2hbmonitor [-w percent] -[ivV]
	 -w, Warn threshold percent (default 50%)
	 -i, Interactive
	 -v, Verbose
	 -V, Version
`

// defaultPercent is when o2hbmonitor warns if it is not told.
const defaultPercent = 50

// hbMonitor is one call of o2hbmonitor.
type hbMonitor struct {
	percent     int
	interactive bool // stay in the foreground
	verbose     bool // a line for each region each time
	daemon      bool // this is the process in the background
	help        bool
	version     bool
	bad         string // a percentage that is none
}

// parseMonitor reads the options as the C program does, which ignores operands.
func parseMonitor(args []string) (hbMonitor, error) {
	m := hbMonitor{percent: defaultPercent}
	options, _, err := getopt(args, "w:ihvV", map[string]bool{daemonOption: false})
	for _, o := range options {
		switch o.name {
		case "w":
			m.percent, m.bad = parsePercent(o.value)
		case "i":
			m.interactive = true
		case "v":
			m.verbose = true
		case "h":
			m.help = true
		case "V":
			m.version = true
		case daemonOption:
			m.daemon = true
		}
	}
	return m, err
}

// parsePercent takes the default for what is no percentage, as the C program
// does, and returns the text then.
func parsePercent(text string) (percent int, bad string) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 99 {
		return defaultPercent, text
	}
	return n, ""
}

// runMonitor is the program under the name o2hbmonitor, which warns in the system
// log of heartbeats that are late.
func runMonitor(ctx context.Context, args []string, std streams) int {
	m, err := parseMonitor(args)
	switch {
	case err != nil:
		fmt.Fprintf(std.err, "%s: %v\n%s", monitorName, err, monitorUsage)
		return 1
	case m.help:
		fmt.Fprint(std.out, monitorUsage)
		return 0
	case m.version:
		fmt.Fprintf(std.out, "%s %s\n", monitorName, version)
		return 0
	case m.bad != "":
		fmt.Fprintf(std.err, "%s: -w %s is not a percentage from 1 to 99: %d it is\n", monitorName, m.bad, defaultPercent)
	}
	if m.interactive || m.daemon {
		err = m.run(ctx, std)
	} else {
		err = m.daemonize(std)
	}
	switch {
	case err != nil && m.daemon:
		return 1 // the process that waited for this one says it
	case errors.Is(err, heartbeat.ErrMonitorRuns):
		// The C program's words.
		fmt.Fprintf(std.err, "Another instance of %s is already running. Aborting.\n", monitorName)
		return 1
	case err != nil:
		return refuse(std.err, monitorName, err.Error(), 1)
	}
	return 0
}

// run watches until ctx ends, and leaves no semaphore behind.
func (m hbMonitor) run(ctx context.Context, std streams) error {
	setProcessName(monitorName)
	unlock, err := heartbeat.LockMonitor()
	if m.daemon {
		reportStart(err)
	}
	if err != nil {
		return err
	}
	options := heartbeat.MonitorOptions{Percent: m.percent, Look: runningCluster, Child: readerOf, Log: monitorLog(m.console(std))}
	if m.verbose {
		options.Verbose = std.out
	}
	options.Log.Info("Starting")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		heartbeat.NewMonitor(options).Run(ctx)
	}()
	<-ctx.Done()
	// A system log that is stuck must not hold up the end.
	select {
	case <-ended:
	case <-time.After(time.Second):
	}
	return unlock()
}

// console is where a person reads what goes to the system log.
func (m hbMonitor) console(std streams) io.Writer {
	if m.interactive {
		return std.err
	}
	return io.Discard
}

// setProcessName sets what ps(1) and killall(1) call this process: the name of the
// file otherwise, which is another one when a program executes itself. proc(5),
// /proc/pid/comm. Each thread has its own. It is a convenience: nothing depends on it
// in this program.
func setProcessName(name string) {
	threads, _ := filepath.Glob("/proc/self/task/*/comm")
	for _, thread := range threads {
		_ = os.WriteFile(thread, []byte(name), 0)
	}
}
