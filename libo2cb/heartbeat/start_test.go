// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

func TestStartAndStop(t *testing.T) {
	for _, l := range []Lifetime{Persistent, ProcessBound} {
		kernel := newFakeKernel()
		keeper := New(kernel, nil)
		device, region := newVolume(t)
		for i := range 3 {
			r, err := keeper.Start(t.Context(), Request{Cluster: "web", Device: device, UUID: region, Lifetime: l})
			if err != nil {
				t.Fatal(err)
			}
			if r.Volume.UUID != region || r.Started != (i == 0) {
				t.Errorf("start %d: %+v", i, r)
			}
			wantReferences(t, region, i+1)
			wantUnlocked(t, region)
		}
		if kernel.starts != 1 {
			t.Errorf("the kernel started the region %d times", kernel.starts)
		}
		for left := 2; left >= 0; left-- {
			stopped, err := keeper.Stop(t.Context(), "web", region, l)
			if err != nil || stopped != (left == 0) {
				t.Errorf("stop with %d left: %t, %v", left, stopped, err)
			}
			if left > 0 {
				wantReferences(t, region, left)
				wantUnlocked(t, region)
			}
		}
		wantReferences(t, region, -1)
		if kernel.regions() != 0 {
			t.Error("the region is still in the kernel")
		}
	}
}

func TestStartChecks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		volume func(image []byte)
		kernel func(c *cluster.Cluster)
		uuid   string
		want   error
		text   string
	}{
		{"other volume", nil, nil, "00112233445566778899AABBCCDDEEFF", ErrOtherVolume, "instead of 0011"},
		{"local mount", func(p []byte) { p[incompat] |= 0x08 }, nil, "", ErrNoCluster, "tunefs.ocfs2"},
		{"other stack", func(p []byte) { copy(p[stackLabel:], "pcmk") }, nil, "", ErrStack, `"pcmk"`},
		{"other cluster", func(p []byte) { copy(p[inCluster:], "db\x00") }, nil, "", ErrOtherCluster, `"db"`},
		{"global volume", func(p []byte) { p[stackFlags] = 1 }, nil, "", ErrMode, "global heartbeat, the kernel runs local"},
		{"global kernel", func(p []byte) { p[stackFlags] = 1 }, func(c *cluster.Cluster) { c.HeartbeatMode = cluster.GlobalHeartbeat }, "", ErrGlobal, "heartbeat start --all"},
		{"local volume in a global kernel", nil, func(c *cluster.Cluster) { c.HeartbeatMode = cluster.GlobalHeartbeat }, "", ErrMode, "local heartbeat, the kernel runs global"},
		{"no local node", nil, func(c *cluster.Cluster) { c.Nodes = c.Nodes[:1] }, "", ErrNoLocalNode, "1 nodes"},
		{"damaged", func(p []byte) { p[superblock+0x50] = 9 }, nil, "", volume.ErrCorrupt, ""},
		{"unknown cluster", nil, func(c *cluster.Cluster) { c.Name = "db" }, "", unix.ENOENT, "cluster web"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kernel := newFakeKernel()
			if tt.kernel != nil {
				tt.kernel(&kernel.cluster)
			}
			var changes []func([]byte)
			if tt.volume != nil {
				changes = append(changes, tt.volume)
			}
			device, region := newVolume(t, changes...)
			_, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device, UUID: tt.uuid})
			var typed *Error
			if !errors.As(err, &typed) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), device) {
				t.Errorf("error %v, want %q with %q in it", err, tt.want, tt.text)
			}
			wantReferences(t, region, -1)
			if kernel.starts != 0 {
				t.Error("the kernel was asked to start")
			}
		})
	}
}

// A volume without cluster information belongs to whatever o2cb cluster runs.
func TestStartWithoutClusterInformation(t *testing.T) {
	device, _ := newVolume(t, func(p []byte) { p[incompat+1] &^= 0x40 })
	if r, err := New(newFakeKernel(), nil).Start(t.Context(), Request{Cluster: "web", Device: device}); err != nil || !r.Started {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStartWithoutDevice(t *testing.T) {
	_, err := New(newFakeKernel(), nil).Start(t.Context(), Request{Cluster: "web", Device: filepath.Join(t.TempDir(), "absent")})
	if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v", err)
	}
}

func TestStartFails(t *testing.T) {
	kernel := newFakeKernel()
	kernel.startErr = unix.EIO
	device, region := newVolume(t)
	_, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device})
	if !errors.Is(err, unix.EIO) || !strings.Contains(err.Error(), region) {
		t.Errorf("error %v, want EIO", err)
	}
	wantReferences(t, region, -1)
}

// The references of a region that another program counted survive our failure.
func TestStartFailsBesideOthers(t *testing.T) {
	kernel := newFakeKernel()
	kernel.startErr = unix.EIO
	device, region := newVolume(t)
	s, err := lockSet(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.take(Persistent), s.unlock()); err != nil {
		t.Fatal(err)
	}
	if _, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device}); !errors.Is(err, unix.EIO) {
		t.Errorf("error %v, want EIO", err)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
}

// The kernel is never interrupted: the start ends, then it is undone.
func TestStartCancelledInKernel(t *testing.T) {
	kernel := newFakeKernel()
	ctx, cancel := context.WithCancel(t.Context())
	kernel.onStart = cancel
	device, region := newVolume(t)
	_, err := New(kernel, nil).Start(ctx, Request{Cluster: "web", Device: device})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	wantReferences(t, region, -1)
	if kernel.starts != 1 || kernel.regions() != 0 {
		t.Errorf("%d starts, %d regions in the kernel", kernel.starts, kernel.regions())
	}
}

// When the undone region is in use meanwhile, both facts are told.
func TestStartCancelledAndBusy(t *testing.T) {
	kernel := newFakeKernel()
	ctx, cancel := context.WithCancel(t.Context())
	kernel.onStart, kernel.busy = cancel, true
	device, region := newVolume(t)
	_, err := New(kernel, nil).Start(ctx, Request{Cluster: "web", Device: device})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, unix.EBUSY) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	wantReferences(t, region, 0)
	wantUnlocked(t, region)
}

func TestStartCancelledInQueue(t *testing.T) {
	kernel := newFakeKernel()
	device, region := newVolume(t)
	s, err := lockSet(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []func(ctx context.Context) error{
		func(ctx context.Context) error {
			_, err := New(kernel, nil).Start(ctx, Request{Cluster: "web", Device: device})
			return err
		},
		func(ctx context.Context) error {
			_, err := New(kernel, nil).Stop(ctx, "web", region, Persistent)
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want context.DeadlineExceeded", err)
		}
		cancel()
	}
	if v, err := semGetValue(s.id, semMutex); err != nil || v != 1 {
		t.Errorf("the mutex we hold is %d (%v)", v, err)
	}
	if err := s.unlock(); err != nil {
		t.Error(err)
	}
}

func TestHalfStarted(t *testing.T) {
	kernel := newFakeKernel()
	device, region := newVolume(t)
	kernel.cluster.Regions = []cluster.Region{{Name: region}}
	_, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device})
	if !errors.Is(err, ErrHalfStarted) || !strings.Contains(err.Error(), "reboot") {
		t.Errorf("start: error %v, want ErrHalfStarted", err)
	}
	if _, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrHalfStarted) {
		t.Errorf("stop: error %v, want ErrHalfStarted", err)
	}
	if kernel.regions() != 1 {
		t.Error("the region was removed, which can crash a kernel")
	}
	wantReferences(t, region, -1)
}

func TestConcurrent(t *testing.T) {
	kernel := newFakeKernel()
	device, region := newVolume(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				keeper := New(kernel, nil)
				if _, err := keeper.Start(t.Context(), Request{Cluster: "web", Device: device, Lifetime: ProcessBound}); err != nil {
					t.Error(err)
					return
				}
				if _, err := keeper.Stop(t.Context(), "web", region, ProcessBound); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if kernel.overlap {
		t.Error("two of them worked on the region at the same time")
	}
	if kernel.regions() != 0 {
		t.Error("the region is still in the kernel")
	}
	wantReferences(t, region, -1)
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan error, 1)
		time.AfterFunc(2500*time.Millisecond, func() { done <- unix.EIO })
		var seen []time.Duration
		err := watch(done, func(elapsed, expected time.Duration) {
			if expected != NextRegionTime {
				t.Errorf("expected time %v", expected)
			}
			seen = append(seen, elapsed)
		}, NextRegionTime)
		if !errors.Is(err, unix.EIO) {
			t.Errorf("error %v, want EIO", err)
		}
		if len(seen) != 3 || seen[0] != 0 || seen[1] != time.Second || seen[2] != 2*time.Second {
			t.Errorf("progress at %v, want 0s 1s 2s", seen)
		}
	})
}

func TestExpected(t *testing.T) {
	for _, tt := range []struct {
		regions []cluster.Region
		want    time.Duration
	}{
		{nil, FirstRegionTime},
		{[]cluster.Region{{Name: "A"}}, FirstRegionTime},
		{[]cluster.Region{{Name: "A"}, {Name: "B", Device: "sda"}}, NextRegionTime},
	} {
		if got := expected(&cluster.Cluster{Regions: tt.regions}); got != tt.want {
			t.Errorf("regions %v: %v, want %v", tt.regions, got, tt.want)
		}
	}
}
