// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

// interrupted is what the role interrupt saw.
type interrupted struct {
	Start, Remove       string // the messages
	EIO, Half, StillOne bool   // of StartRegion: the errno, and that the region stays; of RemoveRegion: that it refuses
}

// interrupt starts a region, sends the waiting thread a signal once the kernel's
// heartbeat thread is there, and tries to remove what is left.
func interrupt([]string) int {
	fs := configfs.New(mountPoint)
	dev, err := os.OpenFile("/dev/ubda", os.O_RDWR, 0)
	if err != nil {
		return answer("", err)
	}
	defer dev.Close()
	thread := make(chan int, 1)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		thread <- unix.Gettid()
		started <- fs.StartRegion("web", "R", cluster.Area{BlockBytes: 512, StartBlock: 8, Blocks: 255}, dev)
	}()
	tid := <-thread
	for {
		if pid, err := fs.RegionPID("web", "R"); err == nil && pid != 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := unix.Tgkill(os.Getpid(), tid, unix.SIGURG); err != nil {
		return answer("", err)
	}
	startErr := <-started
	removeErr := fs.RemoveRegion("web", "R")
	if startErr == nil || removeErr == nil {
		return answer("", errors.Join(errors.New("something succeeded"), startErr, removeErr))
	}
	return answer(interrupted{
		Start: startErr.Error(), Remove: removeErr.Error(),
		EIO: errors.Is(startErr, unix.EIO), Half: errors.Is(startErr, configfs.ErrHalfStarted),
		StillOne: errors.Is(removeErr, configfs.ErrHalfStarted),
	}, nil)
}

// TestInterruptedStartIsLeftAlone starts a region and interrupts the kernel's
// wait. Removing such a region brings the kernel down, so nothing of ours does.
func TestInterruptedStartIsLeftAlone(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1), lab.Disk("data", "16M"))
	configure(t, c)
	n := c.Node(0)
	ask[json.RawMessage](t, n, "online")
	seen := ask[interrupted](t, n, "interrupt")
	if !seen.EIO || !seen.Half || !seen.StillOne {
		t.Errorf("StartRegion: %s\nRemoveRegion: %s", seen.Start, seen.Remove)
	}
	says(t, seen.Remove, mountPoint+"/cluster/web/heartbeat/R", "interrupted", "reboot this node")
	n.MustShell("while grep -qs ^o2hb /proc/[0-9]*/comm; do sleep 0.1; done") // the kernel's thread ends by itself
	says(t, refuse(t, n, "offline"), "region R", "o2cb_ctl heartbeat stop R")
	n.MustRun("true")
}
