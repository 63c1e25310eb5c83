// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRegionOf(t *testing.T) {
	const region = "52AA69F32F394C6EB28419F786C5BF0C"
	for target, want := range map[string]string{
		region:                                 region,
		"52aa69f3-2f39-4c6e-b284-19f786c5bf0c": region,
		"52aa69f32f394c6eb28419f786c5bf0c":     region,
		"by-hand":                              "by-hand",
		"52aa69f32f394c6eb28419f786c5bf0":      "52aa69f32f394c6eb28419f786c5bf0",
		"52aa69f32f394c6eb28419f786c5bf0x":     "52aa69f32f394c6eb28419f786c5bf0x",
	} {
		if got, err := RegionOf(target); err != nil || got != want {
			t.Errorf("RegionOf(%s) = %s, %v, want %s", target, got, err, want)
		}
	}
	if _, err := RegionOf("/nowhere/disk"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("RegionOf() of a missing device: %v", err)
	}
}

// ioprio_set takes 0 for the caller, and would report success.
func TestPrioritizeARegionWithoutThread(t *testing.T) {
	files := onlineMachine()
	files["sys/kernel/config/cluster/web/heartbeat/R1/pid"] = ""
	m, _ := manager(t, files, Options{})
	err := m.PrioritizeHeartbeat("R1", 0)
	if !errors.Is(err, unix.ESRCH) {
		t.Errorf("PrioritizeHeartbeat() = %v, want ESRCH", err)
	}
	says(t, err, "region R1 has no heartbeat thread")
}

// Before the last heartbeat goes, domains in use refuse and the others are left.
func TestVacate(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	err := m.vacate(t.Context(), "web")
	var e *InUseError
	if !errors.As(err, &e) || !errors.Is(err, unix.EBUSY) || len(e.Domains) != 1 {
		t.Fatalf("vacate() = %v", err)
	}
	says(t, err, "lock domain dom is used by process 12 (writer) with lock other", "other nodes", "stop the process")
	if _, err := os.Stat(filepath.Join(root, "dlm/idle/res")); err != nil {
		t.Errorf("a refusal left the idle domain: %v", err)
	}
	for _, pid := range []string{"12", "13"} {
		if err := os.RemoveAll(filepath.Join(root, "proc", pid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.vacate(t.Context(), "web"); err != nil {
		t.Errorf("vacate() with idle domains only: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(root, "dlm")); err != nil || len(left) != 0 {
		t.Errorf("domains %v are still there, %v", left, err)
	}
}
