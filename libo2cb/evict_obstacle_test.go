// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestObstacles(t *testing.T) {
	m, root := busyMachine(t)
	write(t, root, map[string]string{
		"proc/swaps":                        "Filename\tType\tSize\n/bind/my\\040swap file 1 2\n/dev/vda2 partition 1 2\n",
		"proc/fs/nfs/exports":               "# Version 1.1\n# Path Client(Flags) # IPs\n/bind/share\t10.0.0.0/24(rw)\n/alone\t*(ro)\n",
		"sys/block/loop3/loop/backing_file": "/bind/image\n",
		"sys/block/loop4/loop/backing_file": "/elsewhere/image\n",
		"sys/block/loop5/size":              "0\n",
	})
	appendTo(t, root, "proc/self/mountinfo", `10050 10041 0:44 / /bind/sub rw - tmpfs inner rw
10051 10025 0:45 / /merged rw - overlay overlay rw,lowerdir=/usr:/bind/lower,upperdir=/var/u,workdir=/var/w
10052 10025 0:46 / /merged2 rw - overlay overlay rw,lowerdir=/usr
`)
	got, err := m.obstacles(t.Context())
	want := []Obstacle{
		{"inner is mounted on /bind/sub", "umount /bind/sub"},
		{"an overlay over the volume is mounted on /merged", "umount /merged"},
		{"loop device /dev/loop3 is the file /bind/image", "losetup -d /dev/loop3"},
		{"the system swaps to /bind/my swap", "swapoff /bind/my swap"},
		{"the NFS server exports /bind/share", "take it out of /etc/exports, exportfs -ra, exportfs -f"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("obstacles() =\n%v, %v, want\n%v", got, err, want)
	}

	done, err := m.Evict(t.Context(), "web", NewLadder(0), func(e Eviction) { t.Errorf("it did %v", e) })
	var e *ObstacleError
	if !errors.As(err, &e) || len(done) != 0 {
		t.Errorf("Evict() = %v, %v", done, err)
	}
	says(t, err, "evict: force does not take this down: inner is mounted on /bind/sub (umount /bind/sub), an overlay over")
}

func TestUntouchable(t *testing.T) {
	stat := func(parent, session string) string {
		return "1 (x) S " + parent + " 1 " + session + " 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n"
	}
	files := machine()
	files["proc/1/stat"] = stat("0", "1")
	files["proc/50/stat"] = stat("1", "50")
	files["proc/60/stat"] = stat("50", "40")
	m, _ := manager(t, files, Options{})
	got, err := m.untouchable(60)
	want := map[int]string{1: "the system's first", 40: "the leader of this command's session", 50: "which this command runs under", 60: "this command"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("untouchable() = %v, %v, want %v", got, err, want)
	}
}

// Process 12, which has a lock, is the one that this command runs under.
func TestEvictLeavesItsParents(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	line := " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n"
	write(t, root, map[string]string{"proc/1/stat": "1 (x) S 0" + line, "proc/12/stat": "12 (x) S 1" + line})
	e := &evicting{Manager: m}
	all, err := e.untouchable(12)
	if err != nil {
		t.Fatal(err)
	}
	found, err := e.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = refuseUntouchable(found, all, nil)
	says(t, err, "process 12 (writer), this command, has lock other of domain dom, lock res of domain dom")
	if strings.Contains(err.Error(), "process 13") {
		t.Errorf("the error names a stranger: %v", err)
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{`a\040b`: "a b", `a\`: `a\`, `\0`: `\0`, `\134`: `\`, `\999`: `\999`, "plain": "plain"} {
		if got := unescape(text); got != want {
			t.Errorf("unescape(%q) = %q, want %q", text, got, want)
		}
	}
}
