// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// arrivals collects what a link delivers, with the time since its making.
type arrivals struct {
	began time.Time
	mu    sync.Mutex
	all   []string
}

func (a *arrivals) deliver(frame []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, fmt.Sprintf("%s@%v", frame, time.Since(a.began)))
}

func TestLink(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(l *link)
		want []string
	}{
		"plain": {
			func(l *link) { l.carry([]byte("a")); l.carry([]byte("b")) },
			[]string{"a@0s", "b@0s"},
		},
		"cut": {
			func(l *link) {
				l.set(func(l *link) { l.cut = true })
				l.carry([]byte("a"))
				l.heal()
				l.carry([]byte("b"))
			},
			[]string{"b@0s"},
		},
		"delay": {
			func(l *link) {
				l.set(func(l *link) { l.delay = time.Second })
				l.carry([]byte("a"))
				time.Sleep(300 * time.Millisecond)
				l.carry([]byte("b"))
			},
			[]string{"a@1s", "b@1.3s"},
		},
		"a healed delay keeps the order": {
			func(l *link) {
				l.set(func(l *link) { l.delay = time.Second })
				l.carry([]byte("a"))
				l.heal()
				l.carry([]byte("b"))
				time.Sleep(2 * time.Second)
				l.carry([]byte("c"))
			},
			[]string{"a@1s", "b@1s", "c@2s"},
		},
		"a cut loses what is on its way": {
			func(l *link) {
				l.set(func(l *link) { l.delay = time.Second })
				l.carry([]byte("a"))
				l.set(func(l *link) { l.cut = true })
				l.heal()
				l.set(func(l *link) { l.delay = 2 * time.Second })
				l.carry([]byte("b"))
			},
			[]string{"b@2s"},
		},
		"drop all": {
			func(l *link) {
				l.set(func(l *link) { l.drop = 1 })
				l.carry([]byte("a"))
			},
			nil,
		},
		"closed": {
			func(l *link) {
				l.set(func(l *link) { l.delay = time.Second })
				l.carry([]byte("a"))
				l.close()
				l.carry([]byte("b"))
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := &arrivals{began: time.Now()}
				test.do(newLink(got.deliver))
				time.Sleep(time.Minute)
				synctest.Wait()
				if !slices.Equal(got.all, test.want) {
					t.Errorf("got %q, want %q", got.all, test.want)
				}
			})
		})
	}
}
