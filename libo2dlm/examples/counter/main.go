// SPDX-License-Identifier: Apache-2.0

// Command counter adds to a number that all nodes count on, and that is kept in the
// value of a lock: no disk and no server has it.
//
//	counter -n 1000                  # on each node, as root
//	counter -n 1000 -dir /tmp/locks  # or without a cluster
//
// A node that dies takes the number with it if it had the lock last. A program that
// minds keeps it on a disk as well, and goes on from there at ErrValueLost.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

func main() {
	n := flag.Int("n", 1, "how much to add, one by one")
	domain := flag.String("domain", "examples", "the lock domain")
	dir := flag.String("dir", "", "a plain directory to lock in, without a cluster")
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
	count, err := add(ctx, d.Mutex("counter", nil), *n)
	if err := errors.Join(err, d.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the count is", count)
}

// add adds n, and returns what the number was after that.
func add(ctx context.Context, m *libo2dlm.Mutex, n int) (count uint64, err error) {
	for range n {
		if count, err = addOne(ctx, m); err != nil {
			return 0, err
		}
	}
	return count, nil
}

func addOne(ctx context.Context, m *libo2dlm.Mutex) (count uint64, err error) {
	if err := m.Lock(ctx); err != nil {
		return 0, err
	}
	defer m.Unlock()
	value, err := m.Value()
	switch {
	case errors.Is(err, libo2dlm.ErrValueLost):
		fmt.Println("the count starts at 0")
	case err != nil:
		return 0, err
	case len(value) != 8:
		return 0, fmt.Errorf("the lock has a value of %d bytes, and it is not a number of this program", len(value))
	default:
		count = binary.LittleEndian.Uint64(value)
	}
	count++
	return count, m.SetValue(binary.LittleEndian.AppendUint64(nil, count))
}
