// SPDX-License-Identifier: Apache-2.0

package actor

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

// Play does steps with one lock of the domain, and prints a line after each, which is
// the step if it has nothing to tell. args are the name of the lock and the steps; the
// first one that fails is the last. The steps are
//
//	lock, rlock                       Lock, Exclusive or Shared
//	try, tryrlock                     TryLock, Exclusive or Shared
//	try-busy, upgrade-busy            TryLock and TryUpgrade that must be told ErrBusy
//	downgrade, upgrade                Downgrade, TryUpgrade
//	contended                         wait until somebody else wants the lock
//	release, drop                     Release, ReleaseAndDrop
//	mutex                             lock and unlock a Mutex, which keeps the lock
//	set=TEXT, set-too-long=TEXT       SetValue, the latter must be told ENOSPC
//	read                              prints "value TEXT", or "no value" when that is lost
//	raw                               prints "block of N bytes"
//	token                             prints "token N", or "token N restarted"
//	count=N                           N times: lock, add 1 to the value, release
//	pause                             prints "pause", and after SIGTERM "on"
func Play(d *libo2dlm.Domain, args []string) error {
	more := make(chan os.Signal, 8)
	signal.Notify(more, syscall.SIGTERM)
	defer signal.Reset()
	a := &actor{d: d, m: d.Mutex(args[0], nil), resource: args[0], more: more}
	for _, step := range args[1:] {
		line, err := a.do(step)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		fmt.Println(line)
	}
	return nil
}

type actor struct {
	d        *libo2dlm.Domain
	m        *libo2dlm.Mutex
	resource string
	more     chan os.Signal
	h        *libo2dlm.Hold
}

func (a *actor) do(step string) (line string, err error) {
	line = step
	switch step {
	case "lock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Exclusive)
	case "rlock":
		a.h, err = a.d.Lock(context.Background(), a.resource, libo2dlm.Shared)
	case "try":
		a.h, err = a.d.TryLock(a.resource, libo2dlm.Exclusive)
	case "tryrlock":
		a.h, err = a.d.TryLock(a.resource, libo2dlm.Shared)
	case "try-busy":
		_, err = a.d.TryLock(a.resource, libo2dlm.Exclusive)
		err = expect(err, libo2dlm.ErrBusy)
	case "downgrade":
		err = a.h.Downgrade()
	case "upgrade":
		err = a.h.TryUpgrade()
	case "upgrade-busy":
		err = expect(a.h.TryUpgrade(), libo2dlm.ErrBusy)
	case "contended":
		<-a.h.Contended()
	case "release":
		err = a.h.Release()
	case "drop":
		err = a.h.ReleaseAndDrop()
	case "mutex":
		if err = a.m.Lock(context.Background()); err == nil {
			a.m.Unlock()
		}
	case "pause":
		fmt.Println("pause")
		<-a.more
		line = "on"
	default:
		return a.value(step)
	}
	return line, err
}

// value does a step that is about the lock's value.
func (a *actor) value(step string) (line string, err error) {
	verb, text, _ := strings.Cut(step, "=")
	switch verb {
	case "set":
		return step, a.h.SetValue([]byte(text))
	case "set-too-long":
		return step, expect(a.h.SetValue([]byte(text)), unix.ENOSPC)
	case "read":
		return a.read()
	case "raw":
		block, err := a.h.RawValue()
		return fmt.Sprintf("block of %d bytes", len(block)), err
	case "token":
		return token(a.h.Token()), nil
	case "count":
		return step, a.count(text)
	}
	return "", errors.New("no such step")
}

func (a *actor) read() (string, error) {
	value, err := a.h.Value()
	if errors.Is(err, libo2dlm.ErrValueLost) {
		return "no value", nil
	}
	return fmt.Sprintf("value %s", value), err
}

func token(t libo2dlm.Token) string {
	if t.Restarted() {
		return fmt.Sprintf("token %v restarted", t)
	}
	return fmt.Sprintf("token %v", t)
}

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

// Number returns the number in a line such as "token 17 restarted".
func Number(line string) (int, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return 0, fmt.Errorf("no number in %q", line)
	}
	return strconv.Atoi(words[1])
}
