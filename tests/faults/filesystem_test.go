// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

// quota lets a user have so many blocks of 1 KiB on a file system: as many as it has
// and no more. quotactl(2).
func quota(args []string) int {
	const (
		setQuota = 0x800008 // Q_SETQUOTA in linux/quota.h
		getQuota = 0x800007 // Q_GETQUOTA
		user     = 65534
		limits   = 1 // QIF_BLIMITS
	)
	device, err := unix.BytePtrFromString(args[0])
	if err != nil {
		return 1
	}
	// struct if_dqblk in linux/quota.h.
	var q struct {
		HardBlocks, SoftBlocks, Bytes, HardInodes, SoftInodes, Inodes, BlockTime, InodeTime uint64
		Valid                                                                               uint32
		_                                                                                   uint32
	}
	call := func(command int) bool {
		_, _, errno := unix.Syscall6(unix.SYS_QUOTACTL, uintptr(command<<8), uintptr(unsafe.Pointer(device)), user, uintptr(unsafe.Pointer(&q)), 0, 0)
		if errno != 0 {
			fmt.Fprintln(os.Stderr, "quotactl:", errno)
		}
		return errno == 0
	}
	if !call(getQuota) {
		return 1
	}
	q.HardBlocks, q.SoftBlocks, q.Valid = (q.Bytes+1023)/1024, 0, limits
	if !call(setQuota) {
		return 1
	}
	return 0
}

// TestFileSystemRefuses has a cluster.conf that cannot be replaced, for every
// reason that a file system has. A command that changes the kernel too changes
// neither.
func TestFileSystemRefuses(t *testing.T) {
	m := boot(t, lab.Disk("etc", "16M"))
	m.MustShell(`mkfs.ext4 -q -O quota -E quotatype=usrquota /dev/ubda; mkdir /disk; mount -o usrquota /dev/ubda /disk
		cp /etc/ocfs2/cluster.conf /disk; mount --bind /disk /etc/ocfs2; touch /disk/.cluster.conf.lock; chmod 666 /disk/.cluster.conf.lock`)
	m.MustRun(m.tool, "online")
	for _, tt := range []struct{ name, before, after, says string }{
		{"immutable file", "chattr +i /disk/cluster.conf", "chattr -i /disk/cluster.conf", "operation not permitted"},
		{"append-only file", "chattr +a /disk/cluster.conf", "chattr -a /disk/cluster.conf", "operation not permitted"},
		{"immutable directory", "chattr +i /disk", "chattr -i /disk", "operation not permitted"},
		{"read-only", "mount -o remount,ro /disk", "mount -o remount,rw /disk", "read-only file system"},
		{"read-only here", "mount -o remount,bind,ro /etc/ocfs2", "mount -o remount,bind,rw /etc/ocfs2", "read-only file system"},
		{"full", "cat /dev/zero > /disk/full 2>/dev/null || true", "rm /disk/full", "no space left on device"},
		{"another file system on it", "mount --bind /disk/cluster.conf /disk/cluster.conf", "umount /disk/cluster.conf", "device or resource busy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m.MustShell(tt.before)
			m.refuse(m.addNode(), "cluster.conf", tt.says)
			m.refuse(m.tool+" -D -u -n node1 -t node", "cluster.conf", tt.says)
			m.refuse(m.o2cb+" add-node web n --ip 10.9.0.9", "cluster.conf", tt.says)
			m.whole()
			m.MustShell(tt.after)
		})
	}
	t.Run("over quota", func(t *testing.T) {
		m.MustShell("mkdir /disk/theirs; cp /disk/cluster.conf /disk/theirs; chown -R 65534:65534 /disk/theirs; sync")
		if r := m.RunSelf("quota", "/dev/ubda"); r.Status != 0 {
			t.Fatal(r.Stderr)
		}
		before := m.MustShell("cat /disk/theirs/cluster.conf").Stdout
		r := m.Run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", m.o2cb, "--config-file=/disk/theirs/cluster.conf", "add-node", "web", "n", "--ip", "10.9.0.9")
		if r.Status == 0 || !strings.Contains(r.Stderr, "disk quota exceeded") {
			t.Errorf("status %d: %s", r.Status, r.Stderr)
		}
		if now := m.MustShell("cat /disk/theirs/cluster.conf; ls -A /disk/theirs | grep -v lock").Stdout; now != before+"cluster.conf\n" {
			t.Errorf("it left %s", now)
		}
	})
	m.MustShell(m.addNode())
	if left := m.MustShell("ls -A /disk | grep tmp || true").Stdout; left != "" {
		t.Errorf("left behind: %s", left)
	}
}
