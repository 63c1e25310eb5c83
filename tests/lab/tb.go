// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// TB is what the lab needs of a test. Every testing.TB is one; Reporter is one for
// programs.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
	TempDir() string
}

// Reporter is a TB for a program that uses the lab outside of a test. Its methods
// may be called from any goroutine, except Fatalf.
type Reporter struct {
	name string
	w    io.Writer

	mu       sync.Mutex
	failed   bool
	cleanups []func()
}

var _ TB = (*Reporter)(nil)

// NewReporter returns a TB that calls itself name and writes messages to w. The
// program calls Run with what it does.
func NewReporter(name string, w io.Writer) *Reporter {
	return &Reporter{name: name, w: w}
}

// Run calls f, then what was registered with Cleanup, and reports whether neither
// failed. f runs on a goroutine of its own, which Fatalf ends.
func (r *Reporter) Run(f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.Close()
		f()
	}()
	<-done
	return !r.Failed()
}

// Close calls what was registered with Cleanup, the latest first.
func (r *Reporter) Close() {
	for {
		r.mu.Lock()
		n := len(r.cleanups)
		if n == 0 {
			r.mu.Unlock()
			return
		}
		f := r.cleanups[n-1]
		r.cleanups = r.cleanups[:n-1]
		r.mu.Unlock()
		f()
	}
}

// Helper does nothing: a program's messages carry no line.
func (r *Reporter) Helper() {}

// Name returns the name given to NewReporter.
func (r *Reporter) Name() string { return r.name }

// Logf writes a line.
func (r *Reporter) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.w, format+"\n", args...)
}

// Errorf writes a line and marks the run as failed.
func (r *Reporter) Errorf(format string, args ...any) {
	r.Logf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

// Fatalf is Errorf and ends the goroutine that calls it, with its deferred calls.
func (r *Reporter) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// Failed reports whether Errorf or Fatalf was called.
func (r *Reporter) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// Cleanup registers f for the end of Run or for Close.
func (r *Reporter) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// TempDir makes a directory that is removed at the end.
func (r *Reporter) TempDir() string {
	dir, err := os.MkdirTemp("", "o2cb-")
	if err != nil {
		r.Fatalf("make a directory: %v", err)
	}
	r.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			r.Errorf("remove %s: %v", dir, err)
		}
	})
	return dir
}
