// SPDX-License-Identifier: Apache-2.0

// The program of the chaos test, which uses libo2dlm in a guest in all the ways
// there are and sends the history of what it found.
//
// It is a program, and not a role of the test, so that the test can build it
// once more with a library that is broken.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

const usage = `usage: worker clock
         answers each byte of standard input with a reading of the clock
       worker waits
         prints who of this guest waits for what nothing can end
       worker torture DOMAIN LOCK TIMES
         takes a lock that it shares with programs in C
       worker use PROCESS DOMAIN DISK RESOURCES GOROUTINES
         uses locks until SIGTERM; PROCESS is a number that no other program has`

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "clock":
		err = answerClock()
	case len(args) == 1 && args[0] == "waits":
		err = showWaits()
	case len(args) == 4 && args[0] == "torture":
		err = torture(args[1:])
	case len(args) == 6 && args[0] == "use":
		err = use(args[1:])
	default:
		err = fmt.Errorf("%s", usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// use PROCESS DOMAIN DISK RESOURCES GOROUTINES.
func use(args []string) error {
	var numbers [3]int
	for i, text := range []string{args[0], args[3], args[4]} {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		numbers[i] = n
	}
	process, resources, goroutines := uint32(numbers[0]), numbers[1], numbers[2]

	stop, stopped := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stopped()
	d, err := libo2dlm.Join(stop, args[1], nil)
	if err != nil {
		return err
	}
	files, err := openFiles(args[2])
	if err != nil {
		return err
	}
	record := newRecorder(process, goroutines)
	mutexes := make([]*libo2dlm.Mutex, resources)
	for i := range mutexes {
		// What is idle is given back within the test.
		mutexes[i] = d.Mutex(name(i), &libo2dlm.MutexOptions{Idle: time.Second})
	}
	var all sync.WaitGroup
	for i := range goroutines {
		u := newUser(d, mutexes, files, record.goroutine(i))
		all.Go(func() { u.run(stop) })
	}
	all.Wait()
	if err := d.Close(); err != nil {
		record.complain(err)
	}
	record.end()
	return nil
}

// name is what a resource is called.
func name(resource int) string { return fmt.Sprintf("r%d", resource) }
