// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
)

// TestClassicStatus holds the statuses that the C program gives the same failures.
func TestClassicStatus(t *testing.T) {
	invalid := func(code cluster.Code) error {
		return &conf.InvalidError{Findings: conf.Findings{{Code: code}}}
	}
	tests := []struct {
		name   string
		err    error
		status int
	}{
		{"EINVAL", refusalf(syscall.EINVAL, "x"), 234},
		{"E2BIG of a misuse", misusef(syscall.E2BIG, "x"), 249},
		{"wrapped", fmt.Errorf("x: %w", refusalf(syscall.ENOENT, "x")), 254},
		{"exists", &conf.EditError{Err: conf.ErrNodeExists}, 239},
		{"unknown", &conf.EditError{Err: fmt.Errorf("x: %w", conf.ErrUnknownCluster)}, 254},
		{"unknown to the library", &libo2cb.UnknownClusterError{}, 254},
		{"range", invalid(cluster.CodePortRange), 222},
		{"taken", invalid(cluster.CodeDuplicateNumber), 239},
		{"name", invalid(cluster.CodeNameUnsafe), 234},
		{"no local node", fmt.Errorf("online: %w", &cluster.LocalNodeError{Err: cluster.ErrNoLocalNode}), 234},
		{"in use", &libo2cb.InUseError{}, 240},
		{"the kernel refuses", &plan.ApplyError{Err: syscall.EADDRNOTAVAIL}, 251},
		{"the file system refuses", &conf.Error{Err: syscall.EROFS}, 226},
		{"anything else", errors.New("x"), 251},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := classicStatus(tt.err); got != tt.status {
				t.Errorf("%v: %d, want %d", tt.err, got, tt.status)
			}
		})
	}
}
