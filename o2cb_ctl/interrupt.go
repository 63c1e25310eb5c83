// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// interruptible is the context that SIGINT and SIGTERM end. They are caught from
// its first use on: until then nothing has been begun that they must not kill, and
// a command that never uses it, because all it does is read and print, starts in
// two thirds of the time.
type interruptible struct {
	once   sync.Once
	caught context.Context
}

func (i *interruptible) context() context.Context {
	i.once.Do(func() {
		// Nobody stops it: the process ends with the context's last user.
		i.caught, _ = signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	})
	return i.caught
}

func (i *interruptible) Deadline() (time.Time, bool) { return i.context().Deadline() }
func (i *interruptible) Done() <-chan struct{}       { return i.context().Done() }
func (i *interruptible) Err() error                  { return i.context().Err() }
func (i *interruptible) Value(key any) any           { return i.context().Value(key) }
