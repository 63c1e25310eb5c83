// SPDX-License-Identifier: Apache-2.0

package stop

import (
	"fmt"
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func([]string) int{
		"polite":   play("polite", polite),
		"stubborn": play("stubborn", stubborn),
		"listener": play("listener", listener),
	})
}

// play makes a role that calls itself name, opens args[0], goes into the directory args[1] if there
// is one, says "ready" with its pid, and then does as then says.
func play(name string, then func(f *os.File) error) func([]string) int {
	return func(args []string) int {
		if err := start(name, args, then); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}

func start(name string, args []string, then func(f *os.File) error) error {
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
		return err
	}
	f, err := os.OpenFile(args[0], os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if len(args) > 1 {
		if err := os.Chdir(args[1]); err != nil {
			return err
		}
	}
	return then(f)
}

func ready() { fmt.Printf("ready %d\n", os.Getpid()) }

// polite tells of SIGTERM and ends.
func polite(*os.File) error {
	term := make(chan os.Signal, 1)
	signal.Notify(term, unix.SIGTERM)
	ready()
	<-term
	fmt.Println("SIGTERM")
	return nil
}

// stubborn tells of SIGTERM and stays.
func stubborn(*os.File) error {
	term := make(chan os.Signal, 1)
	signal.Notify(term, unix.SIGTERM)
	ready()
	for range term {
		fmt.Println("SIGTERM")
	}
	return nil
}

// listener gives its lock up when it is asked to, and stays.
func listener(f *os.File) error {
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	if _, err := unix.InotifyAddWatch(watch, f.Name(), unix.IN_ATTRIB); err != nil {
		return err
	}
	ready()
	if _, err := unix.Read(watch, make([]byte, 4096)); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Println("asked")
	time.Sleep(time.Hour) // select {} is a deadlock to a program without cgo
	return nil
}
