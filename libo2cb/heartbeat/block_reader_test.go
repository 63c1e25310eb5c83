// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

// readerVariable makes the test binary the child of a BlockReader, for the device
// and the region in it.
const readerVariable = "O2CB_TEST_READER"

func init() {
	if device, region, ok := strings.Cut(os.Getenv(readerVariable), " "); ok {
		if ServeBlocks(device, region, os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// readerChild is the command of that child.
func readerChild(device, region string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), readerVariable+"="+device+" "+region)
	return cmd
}

func startReader(t *testing.T, child *exec.Cmd) *BlockReader {
	t.Helper()
	r, err := StartBlockReader(child)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestBlockReader(t *testing.T) {
	device, region := newVolume(t)
	r := startReader(t, readerChild(device, region))
	for sequence := range uint64(3) {
		beat(t, device, slot(3, sequence))
		if got, err := r.Read(t.Context()); err != nil || !slices.Equal(got.Slots, []volume.Slot{slot(3, sequence)}) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	r.Close()
	for range 2 {
		if _, err := r.Read(t.Context()); !errors.Is(err, ErrReaderEnded) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// A question that is not answered stays open: its answer is the next one.
func TestBlockReaderHangs(t *testing.T) {
	device, region := newVolume(t)
	beat(t, device, slot(3, 1))
	child := readerChild(device, region)
	r := startReader(t, child)
	if _, err := r.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for range 3 {
		if _, err := r.Read(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("while it hangs: %v", err)
		}
	}
	beat(t, device, slot(3, 2))
	if err := child.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Read(t.Context()); err != nil || got.Slots[0].Sequence != 2 {
		t.Fatalf("when it goes on: %+v, %v", got, err)
	}
	beat(t, device, slot(3, 9))
	if got, err := r.Read(t.Context()); err != nil || got.Slots[0].Sequence != 9 {
		t.Errorf("after three unanswered questions the next answer is %+v, %v", got, err)
	}
}

func TestBlockReaderDies(t *testing.T) {
	for _, script := range []string{"exit 3", "read question; exit 0"} {
		r := startReader(t, exec.Command("sh", "-c", script))
		if _, err := r.Read(t.Context()); !errors.Is(err, ErrReaderEnded) {
			t.Errorf("%q: %v", script, err)
		}
	}
	r := startReader(t, exec.Command("sh", "-c", "read question; echo 'no JSON'; read question"))
	if _, err := r.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("an answer that is none: %v", err)
	}
	if _, err := StartBlockReader(exec.Command("/nonexistent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a child that cannot be started: %v", err)
	}
}
