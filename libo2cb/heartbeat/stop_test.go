// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// started returns a kernel with a running region that has n references.
func started(t *testing.T, n int) (*fakeKernel, string) {
	t.Helper()
	kernel := newFakeKernel()
	device, region := newVolume(t)
	for range n {
		if _, err := New(kernel, nil).Start(t.Context(), Request{Cluster: "web", Device: device}); err != nil {
			t.Fatal(err)
		}
	}
	return kernel, region
}

func TestStopBusy(t *testing.T) {
	kernel, region := started(t, 1)
	kernel.busy = true
	stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent)
	if stopped || !errors.Is(err, unix.EBUSY) {
		t.Errorf("%t, %v, want EBUSY", stopped, err)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
	kernel.busy = false
	if stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	wantReferences(t, region, -1)
}

// After ocfs2_hb_ctl -K on a mounted volume, or the death of its starter, a
// region runs without references.
func TestStopWithoutReferences(t *testing.T) {
	kernel, region := started(t, 1)
	s, err := lockSet(t.Context(), region)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.drop(Persistent), s.unlock()); err != nil {
		t.Fatal(err)
	}
	wantReferences(t, region, 0)
	if stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	wantReferences(t, region, -1)
}

func TestStopUncounted(t *testing.T) {
	kernel, region := newFakeKernel(), newRegion(t)
	kernel.cluster.Regions = []cluster.Region{{Name: region, Device: "sda"}}
	if stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	wantReferences(t, region, -1)
}

func TestStopNotRunning(t *testing.T) {
	region := newRegion(t)
	if _, err := New(newFakeKernel(), nil).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want ErrNotRunning", err)
	}
	wantReferences(t, region, -1)
}

// Semaphores without region, as ocfs2_hb_ctl -I leaves them, are cleaned away.
func TestStopLeftover(t *testing.T) {
	kernel, region := started(t, 2)
	kernel.cluster.Regions = nil
	if _, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want ErrNotRunning", err)
	}
	wantReferences(t, region, -1)
}

func TestStopGlobal(t *testing.T) {
	kernel, region := started(t, 1)
	kernel.cluster.HeartbeatMode = cluster.GlobalHeartbeat
	_, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent)
	if !errors.Is(err, ErrGlobal) || !strings.Contains(err.Error(), "heartbeat stop --all") {
		t.Errorf("error %v, want ErrGlobal", err)
	}
	wantReferences(t, region, 1)
}

// dieBeforeStop makes another holder's reference go after Stop has counted.
func dieBeforeStop(t *testing.T, kernel *fakeKernel, region string) {
	reads := 0
	kernel.onRead = func() {
		if reads++; reads != 2 { // the second time with the mutex held
			return
		}
		id, err := semGet(setKey(region), 0, 0)
		if err != nil {
			t.Error(err)
		}
		if err := (&set{id}).drop(Persistent); err != nil {
			t.Error(err)
		}
	}
}

func TestStopOthersDie(t *testing.T) {
	kernel, region := started(t, 2)
	dieBeforeStop(t, kernel, region)
	if stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	if kernel.regions() != 0 {
		t.Error("the region is still in the kernel")
	}
	wantReferences(t, region, -1)
}

func TestStopOthersDieAndBusy(t *testing.T) {
	kernel, region := started(t, 2)
	kernel.busy = true
	dieBeforeStop(t, kernel, region)
	if stopped, err := New(kernel, nil).Stop(t.Context(), "web", region, Persistent); stopped || !errors.Is(err, unix.EBUSY) {
		t.Errorf("%t, %v, want EBUSY", stopped, err)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
}

// inUse is a node with a lock domain that is not to be left; it notes that the
// mutex of the region was held when it was asked.
func inUse(t *testing.T, region string, asked *int) func(context.Context) error {
	return func(context.Context) error {
		*asked++
		id, err := semGet(setKey(region), 0, 0)
		if err != nil {
			t.Error(err)
		}
		if v, err := semGetValue(id, semMutex); err != nil || v != 1 {
			t.Errorf("asked with the mutex %d (%v)", v, err)
		}
		return unix.EBUSY
	}
}

func TestStopLastUnderADomain(t *testing.T) {
	for _, references := range []int{0, 1} {
		kernel, region := started(t, references)
		if references == 0 { // started by hand
			kernel.cluster.Regions = []cluster.Region{{Name: region, Device: "sda"}}
		}
		asked := 0
		stopped, err := New(kernel, inUse(t, region, &asked)).Stop(t.Context(), "web", region, Persistent)
		if stopped || !errors.Is(err, unix.EBUSY) || asked != 1 || kernel.regions() != 1 {
			t.Errorf("%d references: %t, %v, asked %d times, %d regions", references, stopped, err, asked, kernel.regions())
		}
		wantReferences(t, region, references)
		wantUnlocked(t, region)
	}
}

func TestStopSharedWhoseOthersDieUnderADomain(t *testing.T) {
	kernel, region := started(t, 2)
	dieBeforeStop(t, kernel, region)
	asked := 0
	if stopped, err := New(kernel, inUse(t, region, &asked)).Stop(t.Context(), "web", region, Persistent); stopped || !errors.Is(err, unix.EBUSY) || asked != 1 {
		t.Errorf("%t, %v, asked %d times", stopped, err, asked)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
}

// Nobody asks while another user, or another region that beats, stays.
func TestStopOneOfSeveralUnderADomain(t *testing.T) {
	kernel, region := started(t, 2)
	asked := 0
	keeper := New(kernel, inUse(t, region, &asked))
	if stopped, err := keeper.Stop(t.Context(), "web", region, Persistent); stopped || err != nil || asked != 0 {
		t.Errorf("with another user: %t, %v, asked %d times", stopped, err, asked)
	}
	kernel.cluster.Regions = append(kernel.cluster.Regions, cluster.Region{Name: "silent"})
	if _, err := keeper.Stop(t.Context(), "web", region, Persistent); !errors.Is(err, unix.EBUSY) || asked != 1 {
		t.Errorf("beside a region without a heartbeat: %v, asked %d times", err, asked)
	}
	kernel.cluster.Regions = append(kernel.cluster.Regions, cluster.Region{Name: "other", Device: "sdz"})
	if stopped, err := keeper.Stop(t.Context(), "web", region, Persistent); !stopped || err != nil || asked != 1 {
		t.Errorf("beside a region that beats: %t, %v, asked %d times", stopped, err, asked)
	}
}

// A domain that was joined while the start was being cancelled keeps the region.
func TestStartCancelledUnderADomain(t *testing.T) {
	kernel := newFakeKernel()
	ctx, cancel := context.WithCancel(t.Context())
	kernel.onStart = cancel
	device, region := newVolume(t)
	asked := 0
	_, err := New(kernel, inUse(t, region, &asked)).Start(ctx, Request{Cluster: "web", Device: device})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, unix.EBUSY) || asked != 1 || kernel.regions() != 1 {
		t.Errorf("%v, asked %d times, %d regions", err, asked, kernel.regions())
	}
}
