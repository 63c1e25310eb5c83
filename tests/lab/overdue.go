// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// overdueError says that a command ran longer than its limit.
type overdueError struct{ limit time.Duration }

func (e overdueError) Error() string { return fmt.Sprintf("still running after %v", e.limit) }

// confession is how long an overdue command has to say where it hangs.
const confession = 3 * time.Second

// interrogate returns why an overdue command is ended, with what it says when
// SIGQUIT asks it: a Go program prints its goroutines. What hangs in the kernel
// cannot answer; for that the console gets the stacks of all blocked tasks.
func (p *Process) interrogate(cause error) error {
	var overdue overdueError
	if !errors.As(cause, &overdue) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.Background(), confession)
	defer cancel()
	// The console may stay silent when the guest is beyond starting a command.
	if ask, err := p.node.Launch(Command{Args: []string{"sh", "-c", "echo w > /proc/sysrq-trigger"}}); err == nil {
		select {
		case <-ask.done:
		case <-ctx.Done():
		}
	}
	p.Kill(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	return fmt.Errorf("%w; its output: %q; its errors, SIGQUIT's answer last:\n%s", cause, p.Stdout(), p.Stderr())
}
