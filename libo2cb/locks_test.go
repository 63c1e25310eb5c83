// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2dlm"
)

const (
	exclusiveInfo = "flags:\t02500002\nmnt_id:\t35\nlock:\t1: FLOCK  ADVISORY  WRITE 12 00:1e:7 0 EOF\n"
	sharedInfo    = "flags:\t02500000\nmnt_id:\t35\nlock:\t1: FLOCK  ADVISORY  READ 12 00:1e:7 0 EOF\n"
	openInfo      = "flags:\t02500002\nmnt_id:\t35\n"
	placeInfo     = "flags:\t012600000\nmnt_id:\t35\n"
)

// lockingMachine is the machine that is online, on which 12 holds "other" and waits
// in the kernel for "res" behind its gate, 13 waits for "other", and 15 is on
// another file system.
func lockingMachine() map[string]string {
	files := onlineMachine()
	for name, content := range map[string]string{
		"dlm/dom/other":          "",
		"dlm/dom/.gate.res":      "",
		"dlm/o2cb-peers/p0":      "",
		"proc/12/fdinfo/3":       sharedInfo, // of .gate.res, see below
		"proc/12/fdinfo/4":       exclusiveInfo,
		"proc/12/fdinfo/5":       exclusiveInfo,
		"proc/13/fdinfo/7":       placeInfo,
		"proc/13/fdinfo/8":       openInfo,
		"proc/12/stat":           statOf("S"),
		"proc/12/task/12/stat":   statOf("S"),
		"proc/12/task/19/stat":   statOf("D"),
		"proc/12/task/19/stack":  "[<0>] dlmfs_file_open+0x128/0x168 [ocfs2_dlmfs]\n",
		"proc/12/task/19/status": "voluntary_ctxt_switches:\t7\n",
		"proc/13/task/14/stat":   statOf("D"), // two threads of 13
		"proc/13/task/14/stack":  "[<0>] dlmfs_file_open+0x128/0x168 [ocfs2_dlmfs]\n",
		"proc/13/task/13/stat":   statOf("D"),
		"proc/13/task/13/stack":  "[<0>] dlmfs_file_open+0x128/0x168 [ocfs2_dlmfs]\n",
	} {
		files[name] = content
	}
	return files
}

func statOf(state string) string {
	return strings.Join(append([]string{"1 (x) " + state}, slices.Repeat([]string{"0"}, 20)...), " ")
}

func lockingManager(t *testing.T) *Manager {
	saved := descriptors
	t.Cleanup(func() { descriptors = saved })
	descriptors = map[string]string{
		"proc/12/fd/3": "ROOT/dlm/dom/.gate.res",
		"proc/12/fd/4": "ROOT/dlm/dom/.gate.res",
		"proc/12/fd/5": "ROOT/dlm/dom/other",
		"proc/13/fd/7": "ROOT/dlm/dom",
		"proc/13/fd/8": "ROOT/dlm/dom/other",
		"proc/15/fd/3": "ROOT/dlm/dom/other",
	}
	m, _ := manager(t, lockingMachine(), Options{})
	return m
}

func TestLocks(t *testing.T) {
	m := lockingManager(t)
	got, err := m.Locks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(func(yield func(string) bool) {
		for _, d := range got.Domains {
			yield(d.Name)
		}
	})
	if !reflect.DeepEqual(all, []string{"dom", "idle", "o2cb-peers"}) || !got.Domains[0].Resources[0].Gate {
		t.Errorf("Locks() = %+v", got)
	}
	want := LockReport{
		Domains: []LockDomain{
			{Name: "dom", Resources: []LockResource{
				{Name: "other", Level: ExclusiveLock, Holders: []LockHolder{{PID: 12, Command: "writer", Level: ExclusiveLock}},
					Waiters: []LockWaiter{{PID: 13, Command: "joiner", Level: ExclusiveLock}}},
				{Name: "res", Holders: []LockHolder{}, Waiters: []LockWaiter{{PID: 12, Command: "writer", Kernel: true}}},
			}},
			{Name: "idle", Resources: []LockResource{{Name: "res", Holders: []LockHolder{}, Waiters: []LockWaiter{}}}},
		},
		Waiters: []LockWaiter{{PID: 13, Command: "joiner", Kernel: true}},
	}
	if got := got.Plain(); !reflect.DeepEqual(got, want) {
		t.Errorf("Plain() =\n%+v, want\n%+v", got, want)
	}
	one, err := got.Only("idle")
	if err != nil || len(one.Domains) != 1 || one.Domains[0].Name != "idle" {
		t.Errorf("Only(idle) = %+v, %v", one, err)
	}
	_, err = got.Only("none")
	says(t, err, `"none"`, "dom, idle, o2cb-peers")
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v is no ENOENT", err)
	}
}

func TestLocksWithoutDLMFS(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	got, err := m.Locks(t.Context())
	if err != nil || len(got.Domains) != 0 || got.DomainsChange {
		t.Errorf("Locks() = %+v, %v", got, err)
	}
	_, err = got.Only("dom")
	says(t, err, `"dom"`, "nor in any other")
}

// What nobody has open is missing while the kernel does not list it.
func TestLocksWhileADomainIsJoined(t *testing.T) {
	m := lockingManager(t)
	synctest.Test(t, func(t *testing.T) {
		joined := make(chan struct{})
		defer close(joined)
		m.listLocks = func() (map[string][]string, error) { <-joined; return nil, nil }
		got, err := m.Locks(t.Context())
		if err != nil || !got.DomainsChange || len(got.Domains) != 1 || len(got.Domains[0].Resources) != 2 {
			t.Errorf("Locks() = %+v, %v", got, err)
		}
		if _, err := got.Only("idle"); !errors.Is(err, ErrDomainsChange) {
			t.Errorf("Only() of a domain that was not listed: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Locks(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Locks() of an ended context: %v", err)
		}
	})
}

// One who has opened a lock without flock holds it beside others, and waits for
// those who have the flock.
func TestUnguardedHolders(t *testing.T) {
	for _, test := range []struct {
		name    string
		uses    []lockUse
		level   LockLevel
		holders []int
		waiters []int
	}{
		{"a C program", []lockUse{{pid: 1, open: ExclusiveLock}}, ExclusiveLock, []int{1}, nil},
		{"two C programs", []lockUse{{pid: 1, open: SharedLock}, {pid: 2, open: SharedLock}}, SharedLock, []int{1, 2}, nil},
		{"beside a shared flock", []lockUse{{pid: 1, open: SharedLock}, {pid: 2, open: SharedLock, flocked: SharedLock}}, SharedLock, []int{1, 2}, nil},
		{"behind a shared flock", []lockUse{{pid: 1, open: ExclusiveLock}, {pid: 2, open: ExclusiveLock, flocked: SharedLock}}, SharedLock, []int{2}, []int{1}},
		{"behind an exclusive flock", []lockUse{{pid: 1, open: SharedLock}, {pid: 2, open: ExclusiveLock, flocked: ExclusiveLock}}, ExclusiveLock, []int{2}, []int{1}},
	} {
		got := (&lockState{uses: test.uses}).report("r")
		var holders, waiters []int
		for _, h := range got.Holders {
			holders = append(holders, h.PID)
		}
		for _, w := range got.Waiters {
			waiters = append(waiters, w.PID)
		}
		if got.Level != test.level || !slices.Equal(holders, test.holders) || !slices.Equal(waiters, test.waiters) {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// The names of gates are those of the library that makes them.
func TestGateNames(t *testing.T) {
	for _, name := range []string{"r", strings.Repeat("a", 25), strings.Repeat("a", 26), strings.Repeat("b", 31)} {
		gate := libo2dlm.Gate(name)
		if gateOf(name) != gate || !isGate(gate) || isGate(name) {
			t.Errorf("the gate of %q is %q, not %q", name, gate, gateOf(name))
		}
	}
}

// Who waits in the kernel, and has nothing but what he needs for that, cannot be stopped.
func TestInUseNamesWaitersOnce(t *testing.T) {
	e := &InUseError{Cluster: "web",
		Domains: []Domain{{Name: "dom", Holders: []Holder{{PID: 7, Command: "o2cb_ctl"}, {PID: 7, Command: "o2cb_ctl", Resource: ".gate.res"}}}},
		Waiting: []Waiter{{PID: 7, Command: "o2cb_ctl"}}}
	if text := e.Error(); strings.Contains(text, "stop the process") || !strings.Contains(text, "process 7 (o2cb_ctl) waits in the kernel") {
		t.Error(text)
	}
	e.Domains[0].Holders = append(e.Domains[0].Holders, Holder{PID: 7, Command: "o2cb_ctl", Resource: "other"})
	says(t, e, "used by process 7 (o2cb_ctl) with lock other (stop the process)", "waits in the kernel")
}

func TestParseDescriptor(t *testing.T) {
	for _, test := range []struct {
		text          string
		open, flocked LockLevel
		good          bool
	}{
		{exclusiveInfo, ExclusiveLock, ExclusiveLock, true},
		{sharedInfo, SharedLock, SharedLock, true},
		{openInfo, ExclusiveLock, "", true},
		{placeInfo, "", "", true},
		{"flags:\t01\nlock:\t1: POSIX  ADVISORY  WRITE 12 00:1e:7 0 EOF\n", ExclusiveLock, "", true},
		{"mnt_id:\t35\n", "", "", false},
		{"flags:\t9\n", "", "", false},
	} {
		open, flocked, err := parseDescriptor(test.text)
		if open != test.open || flocked != test.flocked || (err == nil) != test.good {
			t.Errorf("%q: %q, %q, %v", test.text, open, flocked, err)
		}
	}
}

// FuzzDescriptor: whatever a kernel writes, a level is one, and an error comes alone.
func FuzzDescriptor(f *testing.F) {
	for _, text := range []string{exclusiveInfo, sharedInfo, openInfo, placeInfo, "flags:", "lock:\t1: FLOCK\n", "flags:\t0\nlock: a FLOCK b\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		open, flocked, err := parseDescriptor(text)
		for _, level := range []LockLevel{open, flocked} {
			if level != "" && (err != nil || level != SharedLock && level != ExclusiveLock) {
				t.Errorf("%q, %q, %v", open, flocked, err)
			}
		}
	})
}
