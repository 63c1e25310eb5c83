// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// A program that runs on several nodes does its work on one at a time. Without
// a cluster, as here, SingleNode names a plain directory.
func Example() {
	dir, err := os.MkdirTemp("", "locks")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	d, err := libo2dlm.Join(ctx, "myapp", &libo2dlm.JoinOptions{Mount: dir, SingleNode: true})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	h, err := d.Lock(ctx, "reindex", libo2dlm.Exclusive)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Release()
	fmt.Println("nobody else is here")
	// Output: nobody else is here
}

// Lock gives up when its context ends.
func ExampleDomain_Lock() {
	dir, err := os.MkdirTemp("", "locks")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", &libo2dlm.JoinOptions{Mount: dir, SingleNode: true})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	h, err := d.Lock(context.Background(), "report", libo2dlm.Exclusive)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := d.Lock(ctx, "report", libo2dlm.Exclusive); errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("somebody has it")
	}
	h.Release()
	// Output: somebody has it
}

// TryLock does not wait.
func ExampleDomain_TryLock() {
	dir, err := os.MkdirTemp("", "locks")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", &libo2dlm.JoinOptions{Mount: dir, SingleNode: true})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	for range 2 {
		_, err := d.TryLock("cleanup", libo2dlm.Exclusive)
		switch {
		case errors.Is(err, libo2dlm.ErrBusy):
			fmt.Println("busy")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("locked")
		}
	}
	fmt.Println(errors.Is(d.Close(), libo2dlm.ErrInUse))
	// Output:
	// locked
	// busy
	// true
}
