// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"errors"
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
		if _, err := New(kernel).Start(t.Context(), Request{Cluster: "web", Device: device}); err != nil {
			t.Fatal(err)
		}
	}
	return kernel, region
}

func TestStopBusy(t *testing.T) {
	kernel, region := started(t, 1)
	kernel.busy = true
	stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent)
	if stopped || !errors.Is(err, unix.EBUSY) {
		t.Errorf("%t, %v, want EBUSY", stopped, err)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
	kernel.busy = false
	if stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
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
	if stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	wantReferences(t, region, -1)
}

func TestStopUncounted(t *testing.T) {
	kernel, region := newFakeKernel(), newRegion(t)
	kernel.cluster.Regions = []cluster.Region{{Name: region, Device: "sda"}}
	if stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
		t.Errorf("%t, %v", stopped, err)
	}
	wantReferences(t, region, -1)
}

func TestStopNotRunning(t *testing.T) {
	region := newRegion(t)
	if _, err := New(newFakeKernel()).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want ErrNotRunning", err)
	}
	wantReferences(t, region, -1)
}

// Semaphores without region, as ocfs2_hb_ctl -I leaves them, are cleaned away.
func TestStopLeftover(t *testing.T) {
	kernel, region := started(t, 2)
	kernel.cluster.Regions = nil
	if _, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want ErrNotRunning", err)
	}
	wantReferences(t, region, -1)
}

func TestStopGlobal(t *testing.T) {
	kernel, region := started(t, 1)
	kernel.cluster.HeartbeatMode = cluster.GlobalHeartbeat
	if _, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !errors.Is(err, ErrGlobal) {
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
	if stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent); !stopped || err != nil {
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
	if stopped, err := New(kernel).Stop(t.Context(), "web", region, Persistent); stopped || !errors.Is(err, unix.EBUSY) {
		t.Errorf("%t, %v, want EBUSY", stopped, err)
	}
	wantReferences(t, region, 1)
	wantUnlocked(t, region)
}
