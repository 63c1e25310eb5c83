// SPDX-License-Identifier: Apache-2.0

package libo2dlm_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

// roleVariable makes the test binary play a program that uses the library
// instead of running tests: its value is the role, its arguments the role's.
const roleVariable = "LIBO2DLM_TEST_ROLE"

func TestMain(m *testing.M) {
	var role func(args []string) error
	switch name := os.Getenv(roleVariable); name {
	case "":
		os.Exit(m.Run())
	case "hold":
		role = hold
	case "count":
		role = count
	case "starve":
		role = starve
	default:
		fmt.Fprintf(os.Stderr, "no role %q\n", name)
		os.Exit(2)
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hold MOUNT DOMAIN RESOURCE locks, says so, and releases at the end of its
// input.
func hold(args []string) error {
	d, err := libo2dlm.Join(context.Background(), args[1], &libo2dlm.JoinOptions{Mount: args[0], SingleNode: true})
	if err != nil {
		return err
	}
	h, err := d.Lock(context.Background(), args[2], libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	if err := h.Release(); err != nil {
		return err
	}
	return d.Close()
}

// count MOUNT DOMAIN RESOURCE FILE GOROUTINES TIMES adds one to the number in
// the file so many times in each goroutine.
func count(args []string) error {
	d, err := libo2dlm.Join(context.Background(), args[1], &libo2dlm.JoinOptions{Mount: args[0], SingleNode: true})
	if err != nil {
		return err
	}
	goroutines, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(args[5])
	if err != nil {
		return err
	}
	errs := make(chan error, goroutines)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() { errs <- increment(d, args[2], args[3], times) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return d.Close()
}

func increment(d *libo2dlm.Domain, resource, file string, times int) error {
	for range times {
		h, err := d.Lock(context.Background(), resource, libo2dlm.Exclusive)
		if err != nil {
			return err
		}
		if err := addOne(file); err != nil {
			return err
		}
		if err := h.Release(); err != nil {
			return err
		}
	}
	return nil
}

// addOne reads a number from a file and writes its successor: two at a time
// lose one.
func addOne(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strconv.Itoa(n+1)), 0o600)
}

// starve MOUNT DOMAIN takes as many locks as it can and fails unless the error
// for the next one names the limit of open files and a released lock can be
// taken again.
func starve(args []string) error {
	limit := unix.Rlimit{Cur: 24, Max: 24}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	d, err := libo2dlm.Join(context.Background(), args[1], &libo2dlm.JoinOptions{Mount: args[0], SingleNode: true})
	if err != nil {
		return err
	}
	var held []*libo2dlm.Hold
	for {
		h, err := d.Lock(context.Background(), strconv.Itoa(len(held)), libo2dlm.Exclusive)
		if err != nil {
			fmt.Println(err)
			break
		}
		held = append(held, h)
	}
	if err := held[0].Release(); err != nil {
		return err
	}
	h, err := d.Lock(context.Background(), "again", libo2dlm.Exclusive)
	if err != nil {
		return err
	}
	for _, h := range append(held[1:], h) {
		if err := h.Release(); err != nil {
			return err
		}
	}
	return d.Close()
}

// program starts the test binary in a role. It is killed when the test ends.
func program(tb testing.TB, role string, args ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

// holder is another process that holds a lock.
type holder struct {
	tb    testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

func startHolder(tb testing.TB, mount, resource string) *holder {
	tb.Helper()
	cmd := program(tb, "hold", mount, domain, resource)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	h := &holder{tb: tb, cmd: cmd, stdin: stdin}
	tb.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		cmd.Wait()
		tb.Fatalf("the holder said %q, %v: %s", line, err, stderr.String())
	}
	return h
}

func (h *holder) release() {
	h.tb.Helper()
	h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		h.tb.Fatal(err)
	}
}

func (h *holder) kill() {
	h.tb.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		h.tb.Fatal(err)
	}
	h.cmd.Wait() // says "killed"
}
