// SPDX-License-Identifier: Apache-2.0

// Command cache serves a text that every node keeps in memory and that any node may
// change. To read it costs nothing: the shared lock that is held says that nobody
// changes it. Who wants to change it asks for the lock exclusively; the others learn
// of that, let go, and load the text anew.
//
//	cache -name alpha                    # on each node, as root: serve
//	cache -set "new text"                # change it
//	cache -name alpha -dir /tmp/locks    # or without a cluster
//
// The text is kept in the value of the lock, where it has at most 48 bytes and dies with
// its nodes. A program would keep it on a disk that the nodes share.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

const resource = "text"

func main() {
	name := flag.String("name", "somebody", "who serves")
	domain := flag.String("domain", "examples", "the lock domain")
	dir := flag.String("dir", "", "a plain directory to lock in, without a cluster")
	text := flag.String("set", "", "change the text to this, and serve nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var options *libo2dlm.JoinOptions
	if *dir != "" {
		options = &libo2dlm.JoinOptions{Mount: *dir, SingleNode: true}
	}
	d, err := libo2dlm.Join(ctx, *domain, options)
	if err != nil {
		log.Fatal(err)
	}
	if *text != "" {
		err = set(ctx, d, *text)
	} else {
		var c cache
		err = c.follow(ctx, d, func() { fmt.Printf("%s serves %q\n", *name, c.get()) })
	}
	if err := errors.Join(err, d.Close()); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// cache is the text in memory.
type cache struct{ text atomic.Pointer[string] }

// get returns the text, without a lock of any kind. It may be old by as long as it
// takes to let go of the lock.
func (c *cache) get() string { return *c.text.Load() }

// follow keeps the text as it is in the cluster until ctx ends, and calls changed
// when it has changed.
func (c *cache) follow(ctx context.Context, d *libo2dlm.Domain, changed func()) error {
	for {
		h, err := d.Lock(ctx, resource, libo2dlm.Shared)
		if err != nil {
			return err
		}
		if err := c.load(h, changed); err != nil {
			return errors.Join(err, h.Release())
		}
		select {
		case <-h.Contended():
		case <-ctx.Done():
		}
		if err := h.Release(); err != nil {
			return err
		}
	}
}

func (c *cache) load(h *libo2dlm.Hold, changed func()) error {
	value, err := h.Value()
	if err != nil && !errors.Is(err, libo2dlm.ErrValueLost) {
		return err
	}
	text := string(value) // empty when it was lost
	if old := c.text.Swap(&text); old == nil || *old != text {
		changed()
	}
	return nil
}

// set changes the text.
func set(ctx context.Context, d *libo2dlm.Domain, text string) error {
	h, err := d.Lock(ctx, resource, libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	return errors.Join(h.SetValue([]byte(text)), h.Release())
}
