// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mountHere returns the number of the mount on which a directory is.
func mountHere(t testing.TB, dir string) int {
	t.Helper()
	id, err := mountOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// volumeMachine is a machine whose volume 8:1 is mounted on ROOT/mnt/volume, and
// with number 41 on /bind, and in the mount namespace of process 30, which is
// private, a volume 8:2. Another one, 8:3, needs no cluster.
func volumeMachine(t testing.TB, id int) map[string]string {
	t.Helper()
	files := onlineMachine()
	// Numbers that no mount of the machine has on which the test runs.
	files["proc/self/mountinfo"] = fmt.Sprintf(`10025 1 0:20 / / rw,relatime - ext4 /dev/vda rw
10033 10025 0:29 / ROOT/sys/kernel/config rw,relatime - configfs configfs rw
10035 10025 0:30 / ROOT/dlm rw,relatime - ocfs2_dlmfs ocfs2_dlmfs rw
%d 10025 8:1 / ROOT/mnt/volume rw,relatime - ocfs2 /dev/sda1 rw,heartbeat=local
10041 10025 8:1 /dir /bind rw,relatime - ocfs2 /dev/sda1 rw,heartbeat=local
10042 10025 8:3 / /alone rw,relatime - ocfs2 /dev/sda3 rw,heartbeat=none
`, id)
	files["proc/30/mountinfo"] = `10060 1 0:20 / / rw,relatime - ext4 /dev/vda rw
10061 10060 8:1 / /mnt/volume rw,relatime - ocfs2 /dev/sda1 rw,heartbeat=local
10062 10060 8:2 / /private rw,relatime - ocfs2 /dev/sda2 rw,heartbeat=local
`
	for _, name := range []string{"mnt/volume/dir/x", "proc/20/comm", "proc/21/comm", "proc/22/comm", "proc/23/comm", "proc/30/comm", "proc/31/comm"} {
		files[name] = filepath.Base(filepath.Dir(name)) + "\n"
	}
	files["proc/21/fdinfo/3"] = fmt.Sprintf("pos:\t0\nflags:\t0100000\nmnt_id:\t%d\nino:\t12\n", id)
	files["proc/21/fdinfo/4"] = "pos:\t0\nmnt_id:\t10041\n"
	files["proc/22/maps"] = `00400000-00452000 r-xp 00000000 08:01 173521      /mnt/volume/lib so.1
00500000-00552000 r-xp 00000000 08:21 173521      /other/lib.so
7ff000000000-7ff000001000 rw-p 00000000 00:00 0
`
	files["proc/20/maps"] = "00400000-00452000 r-xp 00000000 08:01 7      /mnt/volume/dir/x\n"
	files["proc/23/fdinfo/3"] = "pos:\t0\nmnt_id:\t10042\n"
	files["proc/31/fdinfo/5"] = "pos:\t0\nmnt_id:\t10062\n"
	for _, fd := range []string{"12/fdinfo/3", "12/fdinfo/4", "12/fdinfo/5", "13/fdinfo/7"} {
		files["proc/"+fd] = "mnt_id:\t10035\n"
	}
	files["proc/20/stat"] = "20 (a) b) D 7 20 19 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n"
	return files
}

// link makes symbolic links below root.
func link(t testing.TB, root string, links map[string]string) {
	t.Helper()
	for name, target := range links {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(strings.ReplaceAll(target, "ROOT", root), path); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes files below root.
func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// appendTo adds to a file below root.
func appendTo(t testing.TB, root, name, text string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{name: string(before) + text})
}

// busyMachine is the manager of the machine with what its processes have.
func busyMachine(t testing.TB) (*Manager, string) {
	t.Helper()
	m, root := manager(t, volumeMachine(t, mountHere(t, t.TempDir())), Options{})
	links := map[string]string{
		"proc/20/cwd":  "ROOT/mnt/volume/dir",
		"proc/20/root": "/",
		"proc/20/exe":  "ROOT/mnt/volume/dir/x",
		"proc/21/fd/3": "/mnt/volume/file",
		"proc/21/fd/4": "/bind/file (deleted)",
		"proc/21/fd/5": "socket:[12]",
		"proc/22/cwd":  "ROOT/mnt",
		"proc/23/fd/3": "/alone/file",
		"proc/31/fd/5": "/private/file",
	}
	for _, pid := range []string{"self", "20", "21", "22", "23"} {
		links["proc/"+pid+"/ns/mnt"] = "mnt:[1]"
		if pid != "20" {
			links["proc/"+pid+"/root"] = "/"
		}
	}
	for _, pid := range []string{"30", "31"} {
		links["proc/"+pid+"/ns/mnt"] = "mnt:[2]"
		links["proc/"+pid+"/root"] = "/"
	}
	link(t, root, links)
	for _, pid := range []int{20, 22, 23, 30} {
		if err := os.MkdirAll(filepath.Join(root, "proc", strconv.Itoa(pid), "fd"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m, root
}

func TestVolumesAndTheirUsers(t *testing.T) {
	m, root := busyMachine(t)
	got, err := m.volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/dev/sda1 is mounted on " + root + "/mnt/volume (umount " + root + "/mnt/volume) and used by " +
			"process 20 (20; working directory, program), process 21 (21; open file), process 22 (22; mapped file)",
		"/dev/sda1 is mounted on /bind (umount /bind) and used by process 21 (21; open file)",
		"/dev/sda2 is mounted on /private in the mount namespace of process 30 (nsenter -t 30 -m umount /private) and used by process 31 (31; open file)",
	}
	if len(got) != len(want) {
		t.Fatalf("volumes() = %+v", got)
	}
	for i, v := range got {
		if v.inUse() != want[i] {
			t.Errorf("volume %d:\n%s, want\n%s", i, v.inUse(), want[i])
		}
	}
}

// A machine without a volume is not searched for its users.
func TestNoVolumes(t *testing.T) {
	m, _ := manager(t, machine(), Options{})
	if got, err := m.volumes(t.Context()); err != nil || got != nil {
		t.Errorf("volumes() = %v, %v", got, err)
	}
}

// What leads nowhere, as when its process ended, is no use of anything.
func TestMountOfNothing(t *testing.T) {
	if _, err := mountOf(filepath.Join(t.TempDir(), "gone")); err != unix.ENOENT {
		t.Errorf("mountOf = %v", err)
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/mnt/volume", "/mnt/volume", true},
		{"/mnt/volume/file", "/mnt/volume", true},
		{"/mnt/volume (deleted)", "/mnt/volume", true},
		{"/mnt/volume2", "/mnt/volume", false},
		{"/mnt", "/mnt/volume", false},
		{"/anything", "/", true},
		{"/", "/", true},
		{"relative", "/", false},
	} {
		if got := within(c.path, c.dir); got != c.want {
			t.Errorf("within(%q, %q) = %v", c.path, c.dir, got)
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{"08:01": "8:1", "fd:10": "253:16", "103:0000a": "259:10", "x:1": "", "": ""} {
		if got := decimal(text); got != want {
			t.Errorf("decimal(%q) = %q, want %q", text, got, want)
		}
	}
}

// A process whose first thread has ended has its files all the same.
func TestLiving(t *testing.T) {
	files := machine()
	for name, state := range map[string]string{"proc/20": "Z", "proc/20/task/20": "Z", "proc/20/task/21": "S", "proc/30": "S", "proc/31": "Z", "proc/31/task/31": "Z"} {
		files[name+"/stat"] = "1 (x) " + state + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n"
	}
	m, root := manager(t, files, Options{})
	for pid, want := range map[int]string{20: "proc/20/task/21", 30: "proc/30", 31: "proc/31", 32: "proc/32"} {
		if got := m.living(pid); got != filepath.Join(root, want) {
			t.Errorf("living(%d) = %s, want %s", pid, got, want)
		}
	}
}

func TestReadStat(t *testing.T) {
	m, root := manager(t, volumeMachine(t, 40), Options{})
	got, err := readStat(m.process(20))
	if want := (stat{state: "D", parent: 7, session: 19, start: "4711"}); err != nil || got != want {
		t.Errorf("readStat = %+v, %v, want %+v", got, err, want)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/20/stat"), []byte("20 (a) D 7"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readStat(m.process(20)); err == nil {
		t.Error("readStat took half a line")
	}
}

func TestWaiters(t *testing.T) {
	files := machine()
	const stack = "[<0>] user_wait_on_busy_lock+0x60/0x81\n[<0>] dlmfs_file_open+0x128/0x168\n"
	for name, s := range map[string]struct{ state, stack string }{
		"proc/20/task/20": {"S", stack},
		"proc/20/task/21": {"D", stack},
		"proc/30/task/30": {"D", "[<0>] io_schedule+0x1/0x2\n"},
	} {
		files[name+"/stat"] = "1 (x) " + s.state + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1\n"
		files[name+"/stack"] = s.stack
		files[name+"/status"] = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n"
	}
	files["proc/20/comm"] = "prog\n"
	m, root := manager(t, files, Options{})
	before, err := m.waiters(t.Context())
	if want := (Waiter{PID: 20, Command: "prog", thread: 21, switches: "7"}); err != nil || len(before) != 1 || before[0] != want {
		t.Fatalf("waiters() = %+v, %v, want %+v", before, err, want)
	}
	if got := still(before, before); len(got) != 1 {
		t.Errorf("still() = %v", got)
	}
	// It has woken up meanwhile: it gets somewhere.
	if err := os.WriteFile(filepath.Join(root, "proc/20/task/21/status"), []byte("voluntary_ctxt_switches:\t8\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	now, err := m.waiters(t.Context())
	if got := still(before, now); err != nil || len(now) != 1 || len(got) != 0 {
		t.Errorf("still() = %v of %v, %v", got, now, err)
	}
}
