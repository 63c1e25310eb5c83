// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// startLimit and endLimit are how long a program may take to join the domain, and all
// of them together to end: no fault is left by then.
const (
	startLimit = time.Minute
	endLimit   = 30 * time.Second
)

// awaitStart waits until a program has joined the domain.
func (r *run) awaitStart(p *program) {
	r.tb.Helper()
	for deadline := time.Now().Add(startLimit); p.Stdout() == ""; time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.gone:
			r.tb.Fatalf("a program ended: %s", p.Stderr())
		default:
		}
		if time.Now().After(deadline) {
			r.tb.Fatalf("a program has not joined after %v\n%s", startLimit, r.hang(p))
		}
	}
}

// awaitEnd waits until all programs have ended, of boots that are gone too.
func (r *run) awaitEnd() {
	r.tb.Helper()
	late := time.After(endLimit)
	for _, g := range append(r.gone, r.guests...) {
		for _, p := range g.programs {
			select {
			case <-p.gone:
			case <-late:
				r.tb.Fatalf("a program on %s has not ended after %v\n%s", g.node.Name(), endLimit, r.hang(p))
			}
		}
	}
}

// hang says where a program hangs, and what the locks of all nodes look like.
func (r *run) hang(p *program) string {
	var b strings.Builder
	for _, g := range r.guests {
		fmt.Fprintf(&b, "%s:\n%s\n", g.node.Name(), r.waits(g))
	}
	p.Kill(syscall.SIGQUIT)
	select {
	case <-p.gone:
	case <-time.After(3 * time.Second):
	}
	return b.String() + p.Stderr()
}

// waits says who waits on a guest, and what its kernel said last.
func (r *run) waits(g *guest) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := g.node.Exec(ctx, lab.Command{Args: []string{"sh", "-c", `"$0" waits; dmesg | tail -n 30`, installed(r.worker)}})
	if err != nil {
		return err.Error()
	}
	return out.Stdout + out.Stderr
}
