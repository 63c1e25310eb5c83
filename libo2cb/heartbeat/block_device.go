// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// DevicePath returns a node below /dev for the short name by which the kernel
// knows the device of a region ("sda1", "dm-0"), on the machine below root. It
// asks sysfs for the number and the name of the node, and looks at no disk.
//
// The error is an *Error: ENOENT when the kernel has no such device any more, or
// /dev no node for it.
//
// Documentation/ABI/stable/sysfs-block of the kernel.
func DevicePath(root, name string) (string, error) {
	path, err := devicePath(root, name, deviceNumber)
	if err != nil {
		return "", &Error{Op: "find a device node", Device: name, Err: err}
	}
	return path, nil
}

// devicePath is DevicePath with what a fixture replaces.
func devicePath(root, name string, number func(path string) (string, error)) (string, error) {
	// A name with a slash (cciss/c0d0) is a directory with an exclamation mark in sysfs.
	entry := strings.ReplaceAll(name, "/", "!")
	if !filepath.IsLocal(entry) {
		return "", fmt.Errorf("the name %q: %w", name, unix.EINVAL)
	}
	dir := filepath.Join(root, "sys/class/block", entry)
	want, err := os.ReadFile(filepath.Join(dir, "dev"))
	if err != nil {
		return "", err
	}
	uevent, err := os.ReadFile(filepath.Join(dir, "uevent"))
	if err != nil {
		return "", err
	}
	candidates := []string{name, "block/" + strings.TrimSpace(string(want))}
	for line := range strings.Lines(string(uevent)) {
		if node, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVNAME="); ok && filepath.IsLocal(node) {
			candidates = append([]string{node}, candidates...)
		}
	}
	for _, c := range candidates {
		path := filepath.Join(root, "dev", c)
		if got, err := number(path); err == nil && got == strings.TrimSpace(string(want)) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no node for %s below %s: %w", strings.TrimSpace(string(want)), filepath.Join(root, "dev"), unix.ENOENT)
}

// deviceNumber returns "MAJOR:MINOR" of a block device's node.
func deviceNumber(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "", err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return "", unix.ENOTBLK
	}
	return fmt.Sprintf("%d:%d", unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev))), nil
}
