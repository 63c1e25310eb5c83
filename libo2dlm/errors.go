// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"errors"
	"strconv"
	"strings"
)

// The conditions that a program may want to tell apart. All reach the caller
// inside an *Error; test for them with errors.Is.
var (
	// ErrBusy is returned by TryLock when the lock was not to be had at once.
	ErrBusy = errors.New("the lock is busy")

	// ErrClosed is returned by calls on a Domain after Close, and by those that
	// Close ended.
	ErrClosed = errors.New("the domain is closed")

	// ErrInUse is returned by Close while locks are still held, and by Remove of a
	// lock that somebody on this node holds or waits for.
	ErrInUse = errors.New("still in use")

	// ErrReleased is returned by the second Release of a Hold, and by what is asked
	// of it after the first. Somebody believed that he held a lock which he had given
	// back.
	ErrReleased = errors.New("the lock was released before")

	// ErrValueLost is returned by Hold.Value when there is no value: it was never
	// set, or has died with the node that held the lock.
	ErrValueLost = errors.New("the lock has no value: it was never set, or has died with the node that owned it")

	// ErrForeignValue is returned when the value block of a lock was not written by
	// this package.
	ErrForeignValue = errors.New("the value block was written by something else")

	// ErrTooManyWaiters is returned when JoinOptions.MaxWaiters requests of the
	// domain wait in the kernel already.
	ErrTooManyWaiters = errors.New("too many lock requests wait in the kernel")

	// ErrName is returned for a domain or resource name that the kernel refuses
	// or that somebody else has reserved.
	ErrName = errors.New("invalid name")

	// ErrNotDLMFS is returned by Join when the mount point is not dlmfs: a lock
	// taken there would exclude no other node.
	ErrNotDLMFS = errors.New("not a dlmfs")

	// ErrDLMFS is returned by Join when JoinOptions.SingleNode meets a dlmfs.
	ErrDLMFS = errors.New("a dlmfs, which SingleNode must not use")

	// ErrOffline is returned when the kernel refuses to join a domain because the
	// cluster is not online or no heartbeat runs. The errno EINVAL is below it.
	ErrOffline = errors.New("the cluster is not online or no heartbeat region runs")
)

// The values of Error.Op.
const (
	opJoin      = "join"
	opLock      = "lock"
	opTryLock   = "trylock"
	opRelease   = "release"
	opDowngrade = "downgrade"
	opUpgrade   = "upgrade"
	opValue     = "value"
	opSetValue  = "set value"
	opToken     = "token"
	opRemove    = "remove"
	opClose     = "close"
)

// Error says which operation failed on what. Every error of this package is
// one; Err is one of the package's sentinels, an error of the context, a
// unix.Errno, or an error that wraps those.
type Error struct {
	Op       string // the call in lower case: "join", "lock", "trylock", "release", "set value", …
	Domain   string
	Resource string // empty for join and close
	Path     string // the file or directory that the operation was about; empty with ErrName
	Err      error
}

// Error returns one line: operation, object, path and cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Resource != "" {
		b.WriteString(" " + strconv.Quote(e.Resource) + " of")
	}
	b.WriteString(" domain " + strconv.Quote(e.Domain))
	if e.Path != "" {
		b.WriteString(" (" + printable(e.Path) + ")")
	}
	b.WriteString(": " + e.Err.Error())
	return b.String()
}

// printable returns a path as it is, or quoted if that would not be one line.
func printable(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
