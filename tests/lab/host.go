// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"os/exec"
)

// Host returns a command that runs a program of Debian's packages on this
// machine, not in a guest: the unpacked one, with its libraries, or the installed
// one. It is for programs that only read and write files. The test fails with the
// command to type when there is neither.
func Host(ctx context.Context, tb TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	p, err := findPackages()
	if err != nil {
		tb.Fatalf("lab: %v", err)
	}
	path, err := p.program(name)
	if err != nil {
		tb.Fatalf("lab: %v", err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = p.env(path)
	return cmd
}
