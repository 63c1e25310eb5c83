// SPDX-License-Identifier: Apache-2.0

package userstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// domain is the lock domain of all tests, and so the name of the lockspace.
const domain = "web"

// act returns a role RESOURCE STEP… that joins the domain, does the steps with one
// lock of it, and prints a line after each. The step "pause" waits for SIGTERM.
func act(opts *libo2dlm.JoinOptions) func(args []string) error {
	return func(args []string) error { return play(opts, args) }
}

func play(opts *libo2dlm.JoinOptions, args []string) error {
	d, err := libo2dlm.Join(context.Background(), domain, opts)
	if err != nil {
		return err
	}
	more := make(chan os.Signal, 8)
	signal.Notify(more, syscall.SIGTERM)
	a := &actor{d: d, m: d.Mutex(args[0], nil), resource: args[0], more: more}
	for _, step := range args[1:] {
		line, err := a.do(step)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		fmt.Println(line)
	}
	return d.Close()
}

type actor struct {
	d        *libo2dlm.Domain
	m        *libo2dlm.Mutex
	resource string
	more     chan os.Signal
	h        *libo2dlm.Hold
}

func (a *actor) do(step string) (line string, err error) {
	verb, value, _ := strings.Cut(step, "=")
	line = step
	switch verb {
	case "lock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Exclusive)
	case "rlock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Shared)
	case "try":
		a.h, err = a.d.TryLock(a.resource, libo2dlm.Exclusive)
	case "try-busy":
		_, err = a.d.TryLock(a.resource, libo2dlm.Exclusive)
		err = expect(err, libo2dlm.ErrBusy)
	case "mutex":
		if err = a.m.Lock(context.Background()); err == nil {
			a.m.Unlock()
		}
	case "contended":
		<-a.h.Contended()
	case "downgrade":
		err = a.h.Downgrade()
	case "upgrade":
		err = a.h.TryUpgrade()
	case "upgrade-busy":
		err = expect(a.h.TryUpgrade(), libo2dlm.ErrBusy)
	case "release":
		err = a.h.Release()
	case "pause":
		fmt.Println("pause")
		<-a.more
		line = "on"
	default:
		return a.value(verb, value)
	}
	return line, err
}

// value does what is about the lock's value.
func (a *actor) value(verb, value string) (line string, err error) {
	line = verb
	switch verb {
	case "set":
		err = a.h.SetValue([]byte(value))
	case "set-too-long":
		err = expect(a.h.SetValue([]byte(value)), unix.ENOSPC)
	case "no-value":
		_, err = a.h.Value()
		err = expect(err, libo2dlm.ErrValueLost)
	case "read":
		var p []byte
		p, err = a.h.Value()
		line = fmt.Sprintf("value %s.", p)
	case "raw":
		var p []byte
		p, err = a.h.RawValue()
		line = fmt.Sprintf("block of %d bytes", len(p))
	case "token":
		line = fmt.Sprintf("token %v", a.h.Token())
	case "count":
		err = a.count(value)
	default:
		err = errors.New("no such step")
	}
	return line, err
}

// count adds 1 to the number that is the lock's value, so many times, each under a
// hold of its own.
func (a *actor) count(times string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	for range n {
		if err := a.increment(); err != nil {
			return err
		}
	}
	return nil
}

func (a *actor) increment() error {
	h, err := a.d.Lock(context.Background(), a.resource, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	p, err := h.Value()
	if errors.Is(err, libo2dlm.ErrValueLost) {
		p, err = []byte("0"), nil // the first one
	}
	if err != nil {
		return err
	}
	sum, err := strconv.Atoi(string(p))
	if err != nil {
		return err
	}
	return errors.Join(h.SetValue([]byte(strconv.Itoa(sum+1))), h.Release())
}

// expect returns an error unless err is what.
func expect(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return fmt.Errorf("got the error %w, want %v", err, what)
}
