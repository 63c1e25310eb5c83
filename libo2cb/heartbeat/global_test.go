// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// newGlobalKernel is a kernel whose cluster is in global mode.
func newGlobalKernel() *fakeKernel {
	f := newFakeKernel()
	f.cluster.HeartbeatMode = cluster.GlobalHeartbeat
	return f
}

// newGlobalVolumes makes volumes for global heartbeat and returns the requests to
// start them.
func newGlobalVolumes(tb testing.TB, n int) []Request {
	tb.Helper()
	requests := make([]Request, n)
	for i := range requests {
		device, region := newVolume(tb, func(p []byte) { p[stackFlags] = 1 })
		requests[i] = Request{Device: device, UUID: region}
	}
	return requests
}

func names(requests []Request) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.UUID)
	}
	return all
}

// wantAll checks the count of each region; -1 is no semaphore set.
func wantAll(tb testing.TB, requests []Request, want int) {
	tb.Helper()
	for _, r := range requests {
		wantReferences(tb, r.UUID, want)
		wantUnlocked(tb, r.UUID)
	}
}

// What runs is left alone, even when its disk is not there any more.
func TestStartAllAgain(t *testing.T) {
	kernel := newGlobalKernel()
	keeper := New(kernel, nil)
	requests := newGlobalVolumes(t, 3)
	if _, err := keeper.StartAll(t.Context(), "web", requests[:2], nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range requests[:2] {
		if err := os.Remove(r.Device); err != nil {
			t.Fatal(err)
		}
	}
	var last []Progress
	results, err := keeper.StartAll(t.Context(), "web", requests, func(p []Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Started != (i == 2) || r.Volume.UUID != requests[i].UUID {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if last[0].Phase != Ran || last[2].Phase != Started || last[2].Expected != NextRegionTime {
		t.Errorf("progress %+v", last)
	}
	wantAll(t, requests, 1)
	if _, err := keeper.StartAll(t.Context(), "web", requests, nil); err != nil || kernel.starts != 3 {
		t.Errorf("nothing to start: %v, %d starts", err, kernel.starts)
	}
}

func TestStartAllChecks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		volume func(image []byte)
		kernel func(c *cluster.Cluster)
		uuid   string
		want   error
		text   string
	}{
		{"local kernel", nil, func(c *cluster.Cluster) { c.HeartbeatMode = "" }, "", ErrLocal, "o2cb heartbeat-mode web global"},
		{"local volume", func(p []byte) { p[stackFlags] = 0 }, nil, "", ErrMode, "made for local heartbeat, the kernel runs global"},
		{"other cluster", func(p []byte) { copy(p[inCluster:], "db\x00") }, nil, "", ErrOtherCluster, `"db"`},
		{"other stack", func(p []byte) { copy(p[stackLabel:], "pcmk") }, nil, "", ErrStack, `"pcmk"`},
		{"other volume", nil, nil, "00112233445566778899AABBCCDDEEFF", ErrOtherVolume, ""},
		{"no local node", nil, func(c *cluster.Cluster) { c.Nodes = c.Nodes[:1] }, "", ErrNoLocalNode, ""},
		{"unknown cluster", nil, func(c *cluster.Cluster) { c.Name = "db" }, "", unix.ENOENT, "cluster web"},
		{"too many", nil, func(c *cluster.Cluster) {
			for i := range cluster.MaxRegions - 1 {
				c.Regions = append(c.Regions, cluster.Region{Name: fmt.Sprint("R", i), Device: "sda"})
			}
		}, "", ErrTooManyRegions, "33, at most 32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kernel := newGlobalKernel()
			if tt.kernel != nil {
				tt.kernel(&kernel.cluster)
			}
			requests := newGlobalVolumes(t, 1)
			change := []func([]byte){func(p []byte) { p[stackFlags] = 1 }}
			if tt.volume != nil {
				change = append(change, tt.volume)
			}
			device, region := newVolume(t, change...)
			if tt.uuid != "" {
				region = tt.uuid
			}
			requests = append(requests, Request{Device: device, UUID: region})
			_, err := New(kernel, nil).StartAll(t.Context(), "web", requests, nil)
			var typed *Error
			if !errors.As(err, &typed) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want %q with %q in it", err, tt.want, tt.text)
			}
			wantAll(t, requests, -1)
			if kernel.starts != 0 {
				t.Error("the kernel was asked to start")
			}
		})
	}
}

// A region that another process is starting looks like one that was killed there.
func TestHalfStartedOfSeveral(t *testing.T) {
	kernel := newGlobalKernel()
	keeper := New(kernel, nil)
	requests := newGlobalVolumes(t, 2)
	kernel.cluster.Regions = []cluster.Region{{Name: requests[1].UUID}}
	calls := map[string]func(ctx context.Context) error{
		"start": func(ctx context.Context) error {
			_, err := keeper.StartAll(ctx, "web", requests, nil)
			return err
		},
		"stop": func(ctx context.Context) error {
			_, err := keeper.StopAll(ctx, "web", nil)
			return err
		},
	}
	for name, call := range calls {
		if err := call(t.Context()); !errors.Is(err, ErrHalfStarted) {
			t.Errorf("%s: error %v, want ErrHalfStarted", name, err)
		}
	}
	s, err := lockSet(t.Context(), requests[1].UUID)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s beside another process: error %v, want context.DeadlineExceeded", name, err)
		}
		cancel()
	}
	if err := s.remove(); err != nil {
		t.Fatal(err)
	}
	if kernel.starts != 0 || len(kernel.stops) != 0 {
		t.Errorf("%d starts, stops of %v", kernel.starts, kernel.stops)
	}
	wantAll(t, requests, -1)
}

func TestStopAll(t *testing.T) {
	kernel := newGlobalKernel()
	asked := 0
	keeper := New(kernel, func(context.Context) error { asked++; return nil })
	requests := newGlobalVolumes(t, 3)
	if _, err := keeper.StartAll(t.Context(), "web", requests, nil); err != nil {
		t.Fatal(err)
	}
	stopped, err := keeper.StopAll(t.Context(), "web", []string{requests[1].UUID, "absent"})
	if err != nil || !slices.Equal(stopped, []string{requests[1].UUID}) || asked != 0 {
		t.Errorf("one of three: %v, %v, asked %d times", stopped, err, asked)
	}
	stopped, err = keeper.StopAll(t.Context(), "web", nil)
	if err != nil || len(stopped) != 2 || asked == 0 {
		t.Errorf("the rest: %v, %v, asked %d times", stopped, err, asked)
	}
	wantAll(t, requests, -1)
	if stopped, err := keeper.StopAll(t.Context(), "web", nil); err != nil || len(stopped) != 0 {
		t.Errorf("nothing to stop: %v, %v", stopped, err)
	}
}

// Whoever refuses, the counts are as before.
func TestStopAllRefused(t *testing.T) {
	kernel := newGlobalKernel()
	refuse := errors.New("locks are held")
	var answer error
	keeper := New(kernel, func(context.Context) error { return answer })
	requests := newGlobalVolumes(t, 2)
	if _, err := keeper.StartAll(t.Context(), "web", requests, nil); err != nil {
		t.Fatal(err)
	}
	answer = refuse
	if _, err := keeper.StopAll(t.Context(), "web", nil); !errors.Is(err, refuse) || len(kernel.stops) != 0 {
		t.Errorf("error %v, stops of %v", err, kernel.stops)
	}
	wantAll(t, requests, 1)
	answer, kernel.busy = nil, true
	if stopped, err := keeper.StopAll(t.Context(), "web", names(requests)); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "2 regions run") || len(stopped) != 0 || len(kernel.stops) != 1 {
		t.Errorf("error %v, stopped %v, asked to stop %v", err, stopped, kernel.stops)
	}
	wantAll(t, requests, 1)
	kernel.busy, kernel.cluster.HeartbeatMode = false, cluster.LocalHeartbeat
	if _, err := keeper.StopAll(t.Context(), "web", nil); !errors.Is(err, ErrLocal) {
		t.Errorf("error %v, want ErrLocal", err)
	}
}

// A region with users besides loses one of them and goes on.
func TestStopAllShared(t *testing.T) {
	kernel := newGlobalKernel()
	keeper := New(kernel, nil)
	requests := newGlobalVolumes(t, 1)
	if _, err := keeper.StartAll(t.Context(), "web", requests, nil); err != nil {
		t.Fatal(err)
	}
	s, err := lockSet(t.Context(), requests[0].UUID)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.take(Persistent), s.unlock()); err != nil {
		t.Fatal(err)
	}
	if stopped, err := keeper.StopAll(t.Context(), "web", nil); err != nil || len(stopped) != 0 || kernel.regions() != 1 {
		t.Errorf("stopped %v, %v", stopped, err)
	}
	wantAll(t, requests, 1)
}

// The kernel holds a region until the one that has just started counts.
func TestStopAllHeld(t *testing.T) {
	kernel := newGlobalKernel()
	keeper := New(kernel, nil)
	requests := newGlobalVolumes(t, 4)
	if _, err := keeper.StartAll(t.Context(), "web", requests, nil); err != nil {
		t.Fatal(err)
	}
	first := names(requests)[:1]
	kernel.held = 2
	if stopped, err := keeper.StopAll(t.Context(), "web", first); err != nil || !slices.Equal(stopped, first) || len(kernel.stops) != 3 {
		t.Errorf("stopped %v, %v, asked %d times", stopped, err, len(kernel.stops))
	}
	wantAll(t, requests[:1], -1)
	wantAll(t, requests[1:], 1)
	kernel.held = 1
	if _, err := keeper.StopAll(t.Context(), "web", names(requests)[1:2]); !errors.Is(err, unix.EBUSY) || len(kernel.stops) != 4 {
		t.Errorf("with three regions: %v, asked %d times", err, len(kernel.stops))
	}
}
