// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// storage is a service that knows nothing of the cluster but tokens: it remembers
// the highest that came with a write, and refuses what comes with a lower one.
type storage struct {
	mu      sync.Mutex
	highest libo2dlm.Token
	data    string
}

var errStale = errors.New("a newer holder has written")

// write takes the token with each request, under one lock with the data: to check
// it before and write later would let a newer writer come between.
func (s *storage) write(token libo2dlm.Token, data string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == 0 || token < s.highest {
		return fmt.Errorf("token %v: %w", token, errStale)
	}
	s.highest, s.data = token, data
	return nil
}

// A former holder's request that arrives late does no harm, because the service
// checks the tokens. The service keeps the highest one with its data: if it forgot
// it, the late request would be as good as any.
func ExampleToken() {
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
	var s storage

	hold := func() (*libo2dlm.Hold, libo2dlm.Token) {
		h, err := d.Lock(context.Background(), "report", libo2dlm.Exclusive)
		if err != nil {
			log.Fatal(err)
		}
		return h, h.Token()
	}
	former, old := hold()
	delayed := func() error { return s.write(old, "the former holder's") } // on its way
	former.Release()

	latter, token := hold()
	defer latter.Release()
	fmt.Println(s.write(token, "the latter holder's"))
	fmt.Println(errors.Is(delayed(), errStale))
	fmt.Println(s.data)
	// Output:
	// <nil>
	// true
	// the latter holder's
}
