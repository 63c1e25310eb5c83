// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain also is the main function of the child processes.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && strings.HasPrefix(os.Args[1], "child-") {
		os.Exit(child(os.Args[1]))
	}
	os.Exit(m.Run())
}

// child answers as its name says. All but the first hang until they are killed.
func child(kind string) int {
	tell := func(a answer) { _ = json.NewEncoder(os.Stdout).Encode(a) }
	notePID(3)
	switch kind {
	case "child-serve":
		if err := Serve(os.Stdin, os.Stdout, 3); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	case "child-answers":
		tell(answer{Step: stepPublish})
		tell(answer{Step: stepRead, Node: 1, Block: []byte("x")})
		tell(answer{Step: stepRead, Node: 2, Absent: true})
		tell(answer{Step: stepRead, Node: 3, Error: "open: input/output error", Errno: unix.EIO})
	case "child-ends": // as one whose threads the kernel keeps
		tell(answer{Step: stepPublish})
		tell(answer{Step: stepEnd})
	case "child-session":
		session, _ := unix.Getsid(0)
		dir, _ := os.Getwd()
		errors, _ := os.Readlink("/proc/self/fd/2")
		tell(answer{Step: stepPublish, Error: fmt.Sprintf("leads its session: %v, %s, %s", session == os.Getpid(), dir, errors)})
		return 0
	case "child-garbage":
		fmt.Println("{")
		return 1
	}
	time.Sleep(time.Hour)
	return 0
}

func asker(t testing.TB, kind string) *Asker {
	t.Helper()
	return &Asker{Path: "/proc/self/exe", Args: []string{"peers", kind}, LockFile: filepath.Join(t.TempDir(), "lock")}
}

// killed kills the child that holds a lock file when the test ends.
func killed(t testing.TB, a *Asker) {
	t.Helper()
	t.Cleanup(func() {
		f, err := os.Open(a.LockFile)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		var pid int
		if _, err := fmt.Sscan(holder(f), &pid); err == nil {
			_ = unix.Kill(pid, unix.SIGKILL) // it may be dead
		}
	})
}

// The whole way, to a mount point that is none.
func TestAskARealChild(t *testing.T) {
	reply, err := asker(t, "child-serve").Ask(t.Context(), Request{Mount: t.TempDir(), Record: make([]byte, RecordSize), Ask: []int{1}})
	if err != nil || reply.Publish == nil || !strings.Contains(reply.Publish.Error(), "not a dlmfs") {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestAskTakesWhatCame(t *testing.T) {
	a := asker(t, "child-answers")
	killed(t, a)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	reply, err := a.Ask(ctx, Request{Ask: []int{1, 2, 3, 4}})
	if err != nil || reply.Publish != nil {
		t.Fatalf("%+v, %v", reply, err)
	}
	if string(reply.Records[1]) != "x" || !reply.Absent[2] || !errors.Is(reply.Errors[3], unix.EIO) ||
		len(reply.Records)+len(reply.Absent)+len(reply.Errors) != 3 {
		t.Errorf("%+v", reply)
	}
}

func TestAskWithoutAnyAnswer(t *testing.T) {
	for _, kind := range []string{"child-silent", "child-garbage"} {
		a := asker(t, kind)
		killed(t, a)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		reply, err := a.Ask(ctx, Request{Ask: []int{1}})
		if err != nil || !errors.Is(reply.Publish, ErrNoAnswer) || len(reply.Records) != 0 {
			t.Errorf("%s: %+v, %v", kind, reply, err)
		}
	}
}

// A child that hangs after its last word is left behind; none is started beside it.
func TestAskBesideAHangingChild(t *testing.T) {
	a := asker(t, "child-ends")
	killed(t, a)
	if reply, err := a.Ask(t.Context(), Request{}); err != nil || reply.Publish != nil {
		t.Fatalf("%+v, %v", reply, err)
	}
	pid, err := os.ReadFile(a.LockFile)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = a.Ask(ctx, Request{})
	if !errors.Is(err, ErrHanging) || !strings.Contains(err.Error(), "process "+strings.TrimSpace(string(pid))) {
		t.Errorf("Ask() = %v, want ErrHanging and process %s", err, pid)
	}
}

// A child that is late is killed, and then the next one has its turn.
func TestAskAfterALateChild(t *testing.T) {
	a := asker(t, "child-silent")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := a.Ask(ctx, Request{}); err != nil {
		t.Fatal(err)
	}
	a.Args[1] = "child-serve"
	long, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if reply, err := a.Ask(long, Request{Mount: t.TempDir()}); err != nil || reply.Publish == nil {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	a := asker(t, "child-silent")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// Too late for a child, or in time for one that is not waited for.
	if reply, err := a.Ask(ctx, Request{}); err == nil && !errors.Is(reply.Publish, ErrNoAnswer) {
		t.Errorf("%+v, %v", reply, err)
	}
}

// The child may stay: it has neither the terminal nor the directory of its parent.
func TestChildKeepsNothing(t *testing.T) {
	reply, err := asker(t, "child-session").Ask(t.Context(), Request{})
	if err != nil || reply.Publish == nil || reply.Publish.Error() != "leads its session: true, /, /dev/null" {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestAskWithoutAProgram(t *testing.T) {
	a := asker(t, "")
	a.Path = "/nowhere/o2cb_ctl"
	if _, err := a.Ask(t.Context(), Request{}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Ask() = %v", err)
	}
	a.LockFile = "/nowhere/lock"
	if _, err := a.Ask(t.Context(), Request{}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Ask() = %v", err)
	}
}

func TestServeRefusesGarbage(t *testing.T) {
	if err := Serve(strings.NewReader("{"), nil); err == nil {
		t.Error("no error")
	}
}
