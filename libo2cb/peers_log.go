// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/peers"
)

// kernelLog returns the lines that the kernel still has, oldest first; none
// without the right to read them. Each read of /dev/kmsg returns one record,
// EPIPE for one that was overwritten meanwhile, and EAGAIN after the last.
// Documentation/ABI/testing/dev-kmsg.
func (m *Manager) kernelLog() []peers.LogLine {
	fd, err := unix.Open(m.path("dev/kmsg"), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var log []peers.LogLine
	record := make([]byte, 8192) // CONSOLE_EXT_LOG_MAX in kernel/printk/printk.c
	for {
		n, err := unix.Read(fd, record)
		if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return log
		}
		for line := range strings.Lines(string(record[:n])) {
			if l, ok := parseRecord(strings.TrimSuffix(line, "\n")); ok {
				log = append(log, l)
			}
		}
	}
}

// parseRecord parses "priority,sequence,microseconds,flags…;text". The lines with
// more about a record, which begin with a space, are none.
func parseRecord(line string) (peers.LogLine, bool) {
	prefix, text, ok := strings.Cut(line, ";")
	fields := strings.Split(prefix, ",")
	if !ok || len(fields) < 4 || strings.HasPrefix(line, " ") {
		return peers.LogLine{}, false
	}
	microseconds, err := strconv.ParseInt(fields[2], 10, 64)
	return peers.LogLine{At: time.Duration(microseconds) * time.Microsecond, Text: text}, err == nil
}

// kernelTime is the time of the kernel log now.
func kernelTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
