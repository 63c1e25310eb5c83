// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The programs of this file run in guests, until they get SIGTERM.

// watch prints the name of every file that is deleted or moved away from a folder,
// even for a moment: watch FOLDER. It prints "ready" when it sees everything.
func watch(args []string) int {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err == nil {
		_, err = unix.InotifyAddWatch(fd, args[0], unix.IN_DELETE|unix.IN_MOVED_FROM)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "watch %s: %v\n", args[0], err)
		return 1
	}
	fmt.Println("ready")
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			fmt.Fprintf(os.Stderr, "watch %s: %v\n", args[0], err)
			return 1
		}
		// struct inotify_event of inotify(7): wd, mask, cookie, len, name.
		for at := 0; at < n; {
			size := int(binary.NativeEndian.Uint32(buf[at+12:]))
			name := strings.TrimRight(string(buf[at+16:at+16+size]), "\x00")
			fmt.Println("gone", name)
			at += 16 + size
		}
	}
}

// write appends a number to a file, again and again, each time safely on the disk:
// write FILE. In the end it prints how many, and the longest time between two. It
// fails if what is in the file then is not what it wrote.
func write(args []string) int {
	count, longest, err := writeUntilTold(args[0])
	if err != nil {
		fmt.Fprintf(os.Stderr, "write %s: %v\n", filepath.Base(args[0]), err)
		return 1
	}
	fmt.Println(count, longest.Milliseconds())
	return 0
}

func writeUntilTold(path string) (count int, longest time.Duration, err error) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	fmt.Println("ready")
	last := time.Now()
	for {
		select {
		case <-told:
			return count, longest, compare(path, count)
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := fmt.Fprintln(f, count); err != nil {
			return count, longest, err
		}
		if err := f.Sync(); err != nil {
			return count, longest, err
		}
		count++
		now := time.Now()
		longest = max(longest, now.Sub(last))
		last = now
	}
}

// compare says whether a file has the numbers below count, one a line.
func compare(path string, count int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Fields(string(text))
	for i, line := range lines {
		if line != strconv.Itoa(i) {
			return fmt.Errorf("line %d is %q", i, line)
		}
	}
	if len(lines) != count {
		return fmt.Errorf("%d lines, not the %d that were written", len(lines), count)
	}
	return nil
}
