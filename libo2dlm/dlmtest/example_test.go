// SPDX-License-Identifier: Apache-2.0

package dlmtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/libo2dlm/dlmtest"
)

// reindex is a function to be tested: it does its work unless another node does.
func reindex(d *libo2dlm.Domain) error {
	h, err := d.TryLock("reindex", libo2dlm.Exclusive)
	if errors.Is(err, libo2dlm.ErrBusy) {
		fmt.Println("another node does it")
		return nil
	}
	if err != nil {
		return err
	}
	defer h.Release()
	fmt.Println("reindexing")
	return nil
}

// A test, which would use T.TempDir, has another node hold the lock.
func Example() {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := dlmtest.New(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", c.Options())
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	other, err := c.Node("myapp")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := other.TryLock("reindex", libo2dlm.Exclusive); err != nil {
		log.Fatal(err)
	}
	if err := reindex(d); err != nil {
		log.Fatal(err)
	}
	if err := other.Crash(); err != nil {
		log.Fatal(err)
	}
	if err := reindex(d); err != nil {
		log.Fatal(err)
	}
	// Output:
	// another node does it
	// reindexing
}

// A holder that lets go when it is asked to.
func ExampleNode_Want() {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := dlmtest.New(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", c.Options())
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	other, err := c.Node("myapp")
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()

	h, err := d.Lock(context.Background(), "catalog", libo2dlm.Shared)
	if err != nil {
		log.Fatal(err)
	}
	wanted := other.Want("catalog", libo2dlm.Exclusive)
	<-h.Contended()
	fmt.Println("another node wants it")
	h.Release()
	if _, err := wanted.Hold(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("and has it")
	// Output:
	// another node wants it
	// and has it
}

// A value dies with the node that had the lock.
func ExampleCluster_LoseValue() {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := dlmtest.New(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", c.Options())
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	m := d.Mutex("count", nil)
	for range 2 {
		if err := m.Lock(context.Background()); err != nil {
			log.Fatal(err)
		}
		value, err := m.Value()
		switch {
		case errors.Is(err, libo2dlm.ErrValueLost):
			fmt.Println("start anew")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Printf("go on from %s\n", value)
		}
		if err := m.SetValue([]byte("1")); err != nil {
			log.Fatal(err)
		}
		m.Unlock()
		if err := c.LoseValue("myapp", "count"); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// start anew
	// start anew
}

// While a lock is stalled nobody is granted it, and a deadline must do.
func ExampleCluster_Stall() {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := dlmtest.New(dir)
	d, err := libo2dlm.Join(context.Background(), "myapp", c.Options())
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	resume, err := c.Stall("myapp", "report")
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := d.Lock(ctx, "report", libo2dlm.Exclusive); errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("not in time")
	}
	resume()
	h, err := d.Lock(context.Background(), "report", libo2dlm.Exclusive)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("now")
	h.Release()
	// Output:
	// not in time
	// now
}
