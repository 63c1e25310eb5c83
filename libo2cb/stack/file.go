// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// readText returns the content of a pseudo file without its last newline. It
// makes plain system calls, so that a file which can be polled does not meet
// Go's poller. The error is an *os.PathError.
func readText(path string) (string, error) {
	fd, err := open(path, unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var text []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(fd, buf)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return "", &os.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return strings.TrimRight(string(text), "\n"), nil
		}
		text = append(text, buf[:n]...)
	}
}

// readIfThere is readText, but a file that does not exist reads as empty.
func readIfThere(path string) (string, error) {
	text, err := readText(path)
	if errors.Is(err, unix.ENOENT) {
		return "", nil
	}
	return text, err
}

// writeText sets a pseudo file that exists, in one write, and puts the value
// into the error.
func writeText(path, value string) error {
	fd, err := open(path, unix.O_WRONLY)
	if err != nil {
		return fmt.Errorf("write %q: %w", value, err)
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Write(fd, []byte(value+"\n"))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("write %q: %w", value, &os.PathError{Op: "write", Path: path, Err: err})
		}
		return nil
	}
}

func open(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return -1, &os.PathError{Op: "open", Path: path, Err: err}
		}
		return fd, nil
	}
}
