// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// refusal is a failure whose errno, and so the exit status, the C program lays down.
type refusal struct {
	errno syscall.Errno
	err   error
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

// refusalf makes a refusal.
func refusalf(errno syscall.Errno, format string, args ...any) error {
	return refusal{errno, fmt.Errorf(format, args...)}
}

// misuse is a refusal of the command line itself, which shows the usage besides.
type misuse struct{ refusal }

func misusef(errno syscall.Errno, format string, args ...any) error {
	return misuse{refusal{errno, fmt.Errorf(format, args...)}}
}

// classicStatus is the exit status of the historical options for an error: the C
// program returns a negative errno from main, of which the shell sees 256 − errno.
func classicStatus(err error) int { return 256 - int(errnoOf(err)) }

// errnoOf returns the errno that the C program would have.
func errnoOf(err error) syscall.Errno {
	var asked refusal
	var bad misuse
	var invalid *conf.InvalidError
	var local *cluster.LocalNodeError
	var address *libo2cb.LocalAddressError
	var nobody *libo2cb.UnknownNodeError
	var unknown *libo2cb.UnknownClusterError
	var inUse *libo2cb.InUseError
	var apply *plan.ApplyError
	var errno syscall.Errno
	switch {
	case errors.As(err, &bad):
		return bad.errno
	case errors.As(err, &asked):
		return asked.errno
	case errors.Is(err, conf.ErrClusterExists), errors.Is(err, conf.ErrNodeExists), errors.Is(err, conf.ErrRegionExists):
		return syscall.EEXIST
	case errors.Is(err, conf.ErrUnknownCluster), errors.Is(err, conf.ErrUnknownNode), errors.Is(err, conf.ErrUnknownRegion), errors.As(err, &unknown):
		return syscall.ENOENT
	case errors.As(err, &invalid):
		return errnoOfFinding(invalid.Findings[0])
	case errors.As(err, &local), errors.As(err, &address), errors.As(err, &nobody):
		return syscall.EINVAL
	case errors.As(err, &inUse):
		return syscall.EBUSY
	case errors.As(err, &apply):
		// "Internal logic failure" of the C program, whatever the kernel answered.
		return syscall.EIO
	case errors.As(err, &errno) && errno > 0 && errno < 256:
		return errno
	}
	return syscall.EIO
}

// errnoOfFinding returns the errno for a value that a file must not hold.
func errnoOfFinding(f conf.Finding) syscall.Errno {
	switch f.Code {
	case cluster.CodeNumberRange, cluster.CodePortRange, conf.CodeNumberTooLarge:
		return syscall.ERANGE
	case cluster.CodeDuplicateName, cluster.CodeDuplicateNumber, cluster.CodeDuplicateAddr, cluster.CodeDuplicateRegion:
		return syscall.EEXIST
	}
	return syscall.EINVAL
}
