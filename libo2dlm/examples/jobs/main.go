// SPDX-License-Identifier: Apache-2.0

// Command jobs runs a job that is cut into shards, each shard once, on as many nodes
// as it is started on. Each takes the shards that nobody works on.
//
//	jobs -name alpha -run monday                  # on each node, as root
//	jobs -name alpha -run monday -dir /tmp/locks  # or without a cluster
//
// That a shard is done is noted in the value of its lock. A value dies with the node
// that wrote it last; its shards are then run again, and so must bear it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// runner runs the shards of one run that are left.
type runner struct {
	domain *libo2dlm.Domain
	name   string
	run    string // what is noted of a shard that is done
	work   time.Duration
}

func main() {
	name := flag.String("name", "somebody", "who runs the shards")
	domain := flag.String("domain", "examples", "the lock domain")
	dir := flag.String("dir", "", "a plain directory to lock in, without a cluster")
	run := flag.String("run", "today", "the run, of at most 48 bytes: another one runs all shards anew")
	shards := flag.Int("shards", 8, "how many shards there are")
	work := flag.Duration("work", 20*time.Millisecond, "how long a shard takes")
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
	r := runner{domain: d, name: *name, run: *run, work: *work}
	if err := errors.Join(r.all(ctx, *shards), d.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("all shards are done")
}

// all returns when all shards are done, by whomever.
func (r runner) all(ctx context.Context, shards int) error {
	var left []int
	for shard := range shards {
		left = append(left, shard)
	}
	for len(left) > 0 {
		var failed error
		left = slices.DeleteFunc(left, func(shard int) bool {
			done, err := r.one(ctx, shard)
			failed = errors.Join(failed, err)
			return done
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// one runs a shard, unless it is done already or another node is at it. It reports
// whether the shard is done.
func (r runner) one(ctx context.Context, shard int) (done bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	h, err := r.domain.TryLock(fmt.Sprintf("shard-%d", shard), libo2dlm.Exclusive)
	if errors.Is(err, libo2dlm.ErrBusy) {
		return false, nil // it has waited for some milliseconds
	}
	if err != nil {
		return false, err
	}
	defer h.Release()
	value, err := h.Value()
	switch {
	case err == nil && string(value) == r.run:
		return true, nil
	case err != nil && !errors.Is(err, libo2dlm.ErrValueLost):
		return false, err
	}
	fmt.Printf("%s runs shard %d\n", r.name, shard)
	time.Sleep(r.work)
	return true, h.SetValue([]byte(r.run))
}
