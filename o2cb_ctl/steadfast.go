// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os/signal"
	"syscall"
)

// steadfast makes this process proof against the signals of a terminal while the
// kernel starts a region: what would end it cancels the context instead, and
// Ctrl-Z does nothing. A process that stops or dies in that wait leaves a region
// whose thread is gone and that only a reboot removes safely (seen on 6.1).
func steadfast(ctx context.Context) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGTSTP)
	return signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
}
