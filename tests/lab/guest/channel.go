// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab/internal/tty"
	"golang.org/x/sys/unix"
)

// openChannel opens the control channel: a terminal device ("/dev/ttyS0"), made
// raw, or the virtio port of that name (virtio ports carry names, not fixed numbers).
//
// The descriptor stays in blocking mode: a thread in read(2) costs less here than
// the poller's extra system calls, which are slow in User Mode Linux.
func openChannel(name string) (*os.File, error) {
	path := name
	if !strings.HasPrefix(name, "/") {
		var err error
		path, err = awaitFile("virtio port "+name, func() string { return virtioPort(name) })
		if err != nil {
			return nil, err
		}
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the control channel %s: %w", path, err)
	}
	if path == name {
		if _, err := tty.MakeRaw(fd); err != nil {
			return nil, fmt.Errorf("make %s raw: %w", path, err)
		}
	} else if err := awaitConnection(fd); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// awaitConnection waits until the other end of a virtio port is connected: until
// the driver has heard of that, reading says end-of-file.
func awaitConnection(fd int) error {
	_, err := awaitFile("other end", func() string {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, 0); err != nil || fds[0].Revents&unix.POLLHUP != 0 {
			return ""
		}
		return "connected"
	})
	return err
}

// virtioPort returns the device of the virtio port with that name, "" if there is none (yet).
func virtioPort(name string) string {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return ""
	}
	for _, file := range names {
		text, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(text)) != name {
			continue
		}
		device := filepath.Join("/dev", filepath.Base(filepath.Dir(file)))
		if _, err := os.Stat(device); err == nil {
			return device
		}
	}
	return ""
}
