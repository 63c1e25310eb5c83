// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOfflineNamesEveryUser(t *testing.T) {
	m, root := manager(t, onlineMachine(), Options{})
	_, err := m.Offline(t.Context(), "")
	var e *InUseError
	if !errors.As(err, &e) || !errors.Is(err, unix.EBUSY) || len(e.Mounts) != 1 || len(e.Domains) != 1 || len(e.Regions) != 0 {
		t.Fatalf("Offline() = %#v", err)
	}
	says(t, err, "offline: cluster web is in use: ", "/dev/sda1 is mounted on /mnt/volume (umount /mnt/volume)",
		"lock domain dom is used by process 12 (writer) with lock other, process 12 (writer) with lock res, process 13 (joiner)")
	for _, kept := range []string{"dlm/idle/res", "sys/kernel/config/cluster/web/node/a/num"} {
		if _, err := os.Stat(filepath.Join(root, kept)); err != nil {
			t.Errorf("a refused offline touched something: %v", err)
		}
	}
}

func TestOfflineExplainsRegions(t *testing.T) {
	files := onlineMachine()
	line := "40 25 98:0 / /mnt/volume rw,relatime - ocfs2 /dev/sda1 rw\n"
	files["proc/self/mountinfo"] = strings.Replace(files["proc/self/mountinfo"], line, "", 1)
	m, _ := manager(t, files, Options{})
	_, err := m.Offline(t.Context(), "web")
	says(t, err, "heartbeat runs in region R1 on sda1 (o2cb_ctl heartbeat stop R1)")
}

func TestOfflineOfAnotherCluster(t *testing.T) {
	m, _ := manager(t, onlineMachine(), Options{})
	_, err := m.Offline(t.Context(), "db")
	var e *NotOnlineError
	if !errors.As(err, &e) || e.Online != "web" {
		t.Errorf("Offline(db) = %v", err)
	}
	says(t, err, "cluster db is not online, cluster web is")
}

func TestOfflineWithoutAnything(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	if report, err := m.Offline(t.Context(), ""); err != nil || report.Changed() {
		t.Errorf("Offline() = %+v, %v", report, err)
	}
}
