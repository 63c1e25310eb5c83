// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEvictFinds(t *testing.T) {
	m, root := busyMachine(t)
	for _, pid := range []string{"12", "13", "20", "21"} { // the others are gone by now
		path := filepath.Join(root, "proc", pid, "stat")
		if err := os.WriteFile(path, []byte(pid+" (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 "+pid+"00 1 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := (&evicting{Manager: m}).find(t.Context())
	volume := root + "/mnt/volume"
	want := []suspect{
		{pid: 12, start: "1200", command: "writer", uses: []string{"lock other of domain dom", "lock res of domain dom"}, locks: []string{root + "/dlm/dom/other", root + "/dlm/dom/res"}},
		{pid: 13, start: "1300", command: "joiner", uses: []string{"domain dom"}},
		{pid: 20, start: "2000", command: "20", uses: []string{"its working directory on " + volume, "its program on " + volume}},
		{pid: 21, start: "2100", command: "21", uses: []string{"an open file on " + volume, "an open file on /bind"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("find() =\n%+v, %v, want\n%+v", got, err, want)
	}
}

func TestEvictOfAnotherCluster(t *testing.T) {
	m, _ := busyMachine(t)
	done, err := m.Evict(t.Context(), "db", NewLadder(0), func(e Eviction) { t.Errorf("it did %v", e) })
	var e *NotOnlineError
	if !errors.As(err, &e) || e.Online != "web" || len(done) != 0 {
		t.Errorf("Evict(db) = %v, %v", done, err)
	}
}

// The processes of another system's root have the numbers of strangers.
func TestEvictBelowAnotherRoot(t *testing.T) {
	m, _ := busyMachine(t)
	done, err := m.Evict(t.Context(), "web", NewLadder(0), func(e Eviction) { t.Errorf("it did %v", e) })
	if len(done) != 0 {
		t.Errorf("Evict() did %v", done)
	}
	says(t, err, "are not those of this system, and nobody is stopped")
}

func TestEvictOfNothing(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	if done, err := m.Evict(t.Context(), "", NewLadder(0), nil); err != nil || len(done) != 0 || done == nil {
		t.Errorf("Evict() = %v, %v", done, err)
	}
}

func TestEvictionStrings(t *testing.T) {
	for want, e := range map[string]fmt.Stringer{
		"terminate process 12 (vi), which has an open file on /mnt, and wait up to 10s": Eviction{Act: Terminate, PID: 12, Command: "vi", Uses: []string{"an open file on /mnt"}, GraceMS: 10000},
		"kill process 12 (vi), which has a, b":                                          Eviction{Act: Kill, PID: 12, Command: "vi", Uses: []string{"a", "b"}},
		"unmount /mnt":                                                                  Eviction{Act: Unmount, Object: "/mnt"},
		"leave lock domain d":                                                           Eviction{Act: Leave, Object: "d"},
		"stop heartbeat region R":                                                       Eviction{Act: Stop, Object: "R"},
		"the system swaps to /mnt/s (swapoff /mnt/s)":                                   Obstacle{What: "the system swaps to /mnt/s", Mend: "swapoff /mnt/s"},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	left := &InUseError{Cluster: "web", Domains: []Domain{{Name: "d", Holders: []Holder{{PID: 1, Command: "x"}}}}}
	says(t, &EvictError{Err: unix.EIO, Left: left}, "input/output error; cluster web is in use: lock domain d")
	if err := (&EvictError{Err: unix.EIO}); !errors.Is(err, unix.EIO) || strings.Contains(err.Error(), ";") {
		t.Errorf("%v", err)
	}
}
