// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logged "github.com/sirupsen/logrus/hooks/test"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// watchedDisk is a monitor of one region, R on disk sda1, in a bubble.
type watchedDisk struct {
	*Monitor
	disk    *disk
	running *Running
	failure error // of Look
	log     *logged.Hook
}

// newWatchedDisk returns a monitor that warns after 30 s of 60.
func newWatchedDisk() *watchedDisk {
	log, hook := logged.NewNullLogger()
	log.SetLevel(logrus.InfoLevel)
	w := &watchedDisk{
		disk: &disk{alive: []int{1}},
		running: &Running{Node: 1, DeadTime: time.Minute,
			Regions: []cluster.Region{{Name: "R", Device: "sda1"}, {Name: "S"}}},
		log: hook,
	}
	w.Monitor = NewMonitor(MonitorOptions{
		Percent: 50,
		Look:    func() (*Running, error) { return w.running, w.failure },
		Child:   func(string, string) (*exec.Cmd, error) { return nil, errors.New("no child here") },
		Log:     log,
	})
	return w
}

// useDisk makes the monitor know its region, so that a disk answers and no child.
func (w *watchedDisk) useDisk() {
	w.regions["R"] = &watched{device: "sda1", meter: newMeter(w.disk)}
}

// said returns what was logged since the last call.
func (w *watchedDisk) said() []string {
	var lines []string
	for _, e := range w.log.AllEntries() {
		lines = append(lines, e.Level.String()+" "+e.Message)
	}
	w.log.Reset()
	return lines
}

func (w *watchedDisk) wantSaid(t *testing.T, want ...string) {
	t.Helper()
	if got := w.said(); !slices.Equal(got, want) {
		t.Errorf("logged %q\nwant   %q", got, want)
	}
}

// What debugfs says decides when to warn and when to look again.
func TestMonitorDebugFS(t *testing.T) {
	w := newWatchedDisk()
	w.running.DebugFS = t.TempDir()
	var verbose strings.Builder
	w.options.Verbose = &verbose
	for _, c := range []struct {
		elapsed string
		pause   time.Duration
		log     []string
	}{
		{"1500", 10 * time.Second, nil},
		{"22000", 8 * time.Second, nil},
		{"29999", 2 * time.Second, nil},
		{"30000", 2 * time.Second, []string{"warning Last ping 30000 msecs ago on /dev/sda1, R"}},
		{"32004", 2 * time.Second, []string{"warning Last ping 32004 msecs ago on /dev/sda1, R"}},
		{"104", 10 * time.Second, []string{"info Ping is back on /dev/sda1, R, after more than 32004 msecs"}},
		{"1104", 10 * time.Second, nil},
	} {
		elapsedFile(t, w.running.DebugFS, "R", c.elapsed+"\n")
		verbose.Reset()
		if got := w.round(t.Context()); got != c.pause {
			t.Errorf("after %s ms: the next look in %v, want %v", c.elapsed, got, c.pause)
		}
		w.wantSaid(t, c.log...)
		if want := "Last ping " + c.elapsed + " msecs ago on /dev/sda1, R\n"; verbose.String() != want {
			t.Errorf("verbose: %q, want %q", verbose.String(), want)
		}
	}
}

// Without debugfs a disk that hangs is told by its blocks.
func TestMonitorDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatchedDisk()
		w.useDisk()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.Run(ctx)
		}()
		time.Sleep(25 * time.Second)
		w.wantSaid(t)
		w.disk.hangs.Store(true)
		time.Sleep(24 * time.Second)
		w.wantSaid(t)
		time.Sleep(5 * time.Second)
		if lines := w.said(); len(lines) == 0 || !strings.HasPrefix(lines[0], "warning Last ping 30000 msecs ago on /dev/sda1, R") {
			t.Errorf("after 30 s: %q", lines)
		}
		w.disk.hangs.Store(false)
		time.Sleep(3 * time.Second)
		if lines := w.said(); len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "info Ping is back on /dev/sda1, R, after more than ") {
			t.Errorf("when it is back: %q", lines)
		}
		w.disk.hangs.Store(true)
		time.Sleep(time.Minute)
		stop()
		<-ended
		if len(w.regions) != 0 {
			t.Error("a child is left to itself")
		}
	})
}

// Trouble is told when it begins, and again only after it was gone.
func TestMonitorTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatchedDisk()
		w.failure = io.ErrUnexpectedEOF
		for range 2 {
			if got := w.round(t.Context()); got != slowPoll {
				t.Errorf("the next look in %v", got)
			}
		}
		w.wantSaid(t, "warning unexpected EOF")
		w.failure = nil
		for range 2 {
			w.round(t.Context())
		}
		w.wantSaid(t, "warning the heartbeat of this node is not seen: no child here")
		w.useDisk()
		w.round(t.Context())
		for _, w.disk.failure = range []error{io.ErrNoProgress, io.ErrClosedPipe} {
			w.round(t.Context())
		}
		w.wantSaid(t, "warning the heartbeat of this node is not seen: "+io.ErrNoProgress.Error())
	})
}

// A region that goes, or comes back on another disk, is not the one it was.
func TestMonitorForgets(t *testing.T) {
	w := newWatchedDisk()
	w.running.DebugFS = t.TempDir()
	elapsedFile(t, w.running.DebugFS, "R", "40000\n")
	w.round(t.Context())
	w.said()
	w.running.Regions[0].Device = "sdb1"
	elapsedFile(t, w.running.DebugFS, "R", "100\n")
	w.round(t.Context())
	w.wantSaid(t)
	running := w.running
	for _, gone := range []*Running{nil, {Node: 1, DeadTime: time.Minute}, {Node: 1, Regions: running.Regions}} {
		w.running = running
		w.round(t.Context())
		w.running = gone
		if got := w.round(t.Context()); got != slowPoll || len(w.regions) != 0 {
			t.Errorf("%+v: the next look in %v, %d regions known", gone, got, len(w.regions))
		}
	}
	w.wantSaid(t)
}
