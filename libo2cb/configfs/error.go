// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrIgnored is the cause in an [*Error] when the kernel reported success for a
// value and kept the old one.
var ErrIgnored = errors.New("the kernel ignored the value")

// Error is one operation on configfs that failed.
type Error struct {
	Op     string // "open", "read", "write", "list", "mkdir" or "rmdir"
	Path   string // the file or directory, with the mount point
	Value  string // what was written, without the newline; empty for other operations
	Reason string // what Err means for this operation; may be empty
	Mend   string // what to do about it; may be empty
	Err    error  // the errno, or ErrIgnored
}

// Error returns one line: operation, value, path, reason, errno and mend.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op == "write" {
		fmt.Fprintf(&b, "write %q to %s: ", e.Value, e.Path)
	} else {
		fmt.Fprintf(&b, "%s %s: ", e.Op, e.Path)
	}
	if e.Reason == "" {
		b.WriteString(e.Err.Error())
	} else {
		fmt.Fprintf(&b, "%s (%v)", e.Reason, e.Err)
	}
	if e.Mend != "" {
		b.WriteString("; " + e.Mend)
	}
	return b.String()
}

// Unwrap returns the errno or [ErrIgnored].
func (e *Error) Unwrap() error { return e.Err }

// newError returns the *Error of a failed system call, with the errno put into
// words where the operation gives it a meaning of its own.
func newError(op, file, value string, err error) *Error {
	e := &Error{Op: op, Path: file, Value: value, Err: err}
	e.Reason, e.Mend = explain(op, path.Base(file), value, err)
	return e
}

// explain says what err means for op on a file called base, and what a person
// can do. Both are empty where the errno speaks for itself.
//
// The table is what a 6.1 kernel was seen to answer; fs/ocfs2/cluster/nodemanager.c
// and heartbeat.c.
func explain(op, base, value string, err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		if op == "read" || op == "list" || op == "open" {
			return "", ""
		}
		return "only root may change the cluster", "run the command as root"
	case errors.Is(err, unix.EROFS):
		return "configfs is mounted read-only", "mount -o remount,rw it"
	}
	if op != "write" {
		return "", ""
	}
	switch base {
	case "num":
		return explainNumber(value, err)
	case "ipv4_address":
		return explainAddress(value, err)
	case "ipv4_port":
		return explainPort(value, err)
	case "local":
		return explainLocal(err)
	case "idle_timeout_ms", "keepalive_delay_ms":
		if errors.Is(err, unix.EINVAL) {
			return "the kernel wants idle_timeout_ms above keepalive_delay_ms, both above 0, and no change while a peer is connected",
				"take the cluster offline, or raise the idle timeout first and lower the keepalive delay first"
		}
	case "reconnect_delay_ms":
		if errors.Is(err, unix.EINVAL) {
			return "the delay must be a number above 0", ""
		}
	case "fence_method":
		if errors.Is(err, unix.EINVAL) {
			return "the kernel knows the methods reset and panic", ""
		}
	case "mode":
		if errors.Is(err, unix.EINVAL) {
			return "the kernel knows the modes local and global", ""
		}
	case "block_bytes", "start_block", "blocks", "dev":
		return explainRegion(base, value, err)
	}
	if errors.Is(err, unix.ENOENT) {
		return "this kernel has no such attribute", ""
	}
	return "", ""
}

func explainNumber(value string, err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EEXIST):
		return "another node of the cluster has number " + value, "give one of the two another number"
	case errors.Is(err, unix.ERANGE):
		return "a node number is 0 to 254", "choose a free number in that range"
	case errors.Is(err, unix.EBUSY):
		return writeOnce("number")
	case errors.Is(err, unix.EINVAL):
		return "the number is set after port and address, once", ""
	}
	return "", ""
}

func explainAddress(value string, err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EEXIST):
		return "another node of the cluster has address " + value, "give one of the two another address"
	case errors.Is(err, unix.EBUSY):
		return writeOnce("address")
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE):
		return "this is not an IPv4 address", "write it as four numbers with dots, like 10.0.0.1"
	}
	return "", ""
}

func explainPort(value string, err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EBUSY):
		return writeOnce("port")
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE):
		return value + " is not a port from 1 to 65534", "choose one; 7777 is the custom"
	}
	return "", ""
}

// explainLocal explains what the attribute local answers. Its value is always
// 1, so that the words about the address are added by AddNode, which knows it.
func explainLocal(err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EBUSY):
		return "the cluster has a local node already, or the attribute was written before", "remove that node first"
	case errors.Is(err, unix.EINVAL):
		return "a node can be local only with port, address and number", ""
	}
	return "", ""
}

func explainRegion(base, value string, err error) (reason, mend string) {
	switch {
	case errors.Is(err, unix.EINVAL) && base == "dev":
		return "the kernel refused the region: it needs a registered local node, block_bytes equal to the device's logical sector size, " +
			"start_block above 0 and blocks from 1 to 255, on a block device", ""
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE), errors.Is(err, unix.EFBIG):
		return value + " is not possible for " + base, ""
	case errors.Is(err, unix.EIO) && base == "dev":
		return "the device cannot be read or written, or a signal ended the wait for the heartbeat", ""
	}
	return "", ""
}

func writeOnce(what string) (reason, mend string) {
	return "the " + what + " of a node can be set once only", "remove the node and add it again"
}

// withCleanup adds to err, in one line, what went wrong while what was half made
// was being removed.
func withCleanup(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return fmt.Errorf("%w; then, while undoing it: %w", err, cleanup)
}
