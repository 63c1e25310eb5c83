// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"fmt"
	"runtime"
	"strings"
)

// Leak is a Hold that was lost without Release, see JoinOptions.Leaked.
type Leak struct {
	Domain   string
	Resource string
	Stack    string // of the call that took the lock: a function and its file:line per line
}

// String returns some lines that name the lock and who took it.
func (l Leak) String() string {
	return fmt.Sprintf("the lock %q of domain %q was lost without Release; it was taken by\n%s", l.Resource, l.Domain, l.Stack)
}

// leak watches over one Hold.
type leak struct{ cleanup runtime.Cleanup }

// track has the Hold reported if it gets lost. It is called by what the user has
// called, whose stack matters.
func (d *Domain) track(h *Hold) *Hold {
	if d.leaked == nil {
		return h
	}
	var callers [32]uintptr
	n := runtime.Callers(3, callers[:]) // without Callers, track and Lock
	lost := lost{report: d.leaked, domain: d.name, resource: h.name, callers: callers[:n]}
	h.leak = &leak{runtime.AddCleanup(h, lost.tell, struct{}{})}
	return h
}

// forget says that the Hold has been released.
func (l *leak) forget() {
	if l != nil {
		l.cleanup.Stop()
	}
}

// lost is what is known of a Hold without keeping it.
type lost struct {
	report           func(Leak)
	domain, resource string
	callers          []uintptr
}

func (l lost) tell(struct{}) {
	go l.report(Leak{Domain: l.domain, Resource: l.resource, Stack: l.stack()})
}

func (l lost) stack() string {
	var b strings.Builder
	frames := runtime.CallersFrames(l.callers)
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "\t%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
