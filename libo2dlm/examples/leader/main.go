// SPDX-License-Identifier: Apache-2.0

// Command leader runs on several nodes, and works on one of them at a time: on the
// one that has the lock. When that ends or dies another one goes on.
//
//	leader -name alpha                  # on a node of the cluster, as root
//	leader -name alpha -dir /tmp/locks  # or without one
//
// The leader has a fencing token, which it would send with each request to a service
// that refuses lower ones than it has seen: so a request that a dead leader has sent
// and that arrives late does no harm.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func main() {
	name := flag.String("name", "somebody", "who stands for election")
	domain := flag.String("domain", "examples", "the lock domain")
	dir := flag.String("dir", "", "a plain directory to lock in, without a cluster")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var options *libo2dlm.JoinOptions
	if *dir != "" {
		options = &libo2dlm.JoinOptions{Mount: *dir, SingleNode: true}
	}
	if err := run(ctx, *name, *domain, options); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, name, domain string, options *libo2dlm.JoinOptions) error {
	d, err := libo2dlm.Join(ctx, domain, options)
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Println(name, "stands for election")
	h, err := d.Lock(ctx, "leader", libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	defer h.Release()
	token := h.Token()
	if token == 0 {
		return errors.New("there is no token: who leads without one cannot be told from a former leader")
	}
	fmt.Println(name, "leads with token", token)
	lead(ctx, name)
	fmt.Println(name, "steps down")
	return nil
}

// lead does the leader's work until ctx ends. The lock is not lost meanwhile: a node
// that loses the cluster is reset.
func lead(ctx context.Context, name string) {
	work := time.NewTicker(100 * time.Millisecond)
	defer work.Stop()
	for {
		select {
		case <-work.C:
			fmt.Println(name, "works")
		case <-ctx.Done():
			return
		}
	}
}
