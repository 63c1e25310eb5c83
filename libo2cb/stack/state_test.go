// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

func TestStateOfABareMachine(t *testing.T) {
	for name, files := range map[string]map[string]string{"without the stack": bare, "without modules": {
		"proc/filesystems": "\text4\n", "proc/self/mountinfo": "25 1 0:20 / / rw,relatime - ext4 /dev/vda rw\n",
	}} {
		s, _ := fixture(t, files)
		st, err := s.State()
		if want := (State{Modules: []string{}, Plugins: []string{}, Capabilities: []string{}}); err != nil || !reflect.DeepEqual(st, want) {
			t.Errorf("%s: State() = %+v, %v, want %+v", name, st, err, want)
		}
		if st.Ready() {
			t.Errorf("%s: ready", name)
		}
		if domains, err := s.Domains(); err != nil || domains != nil {
			t.Errorf("%s: Domains() = %v, %v", name, domains, err)
		}
	}
}

func TestStateOfALoadedStack(t *testing.T) {
	s, root := fixture(t, loaded)
	st, err := s.State()
	want := State{
		Modules:  []string{"ocfs2_dlm", "ocfs2_dlmfs", "ocfs2_nodemanager", "ocfs2_stack_o2cb", "ocfs2_stackglue"},
		ConfigFS: root + "/sys/kernel/config", DLMFS: root + "/dlm", ClusterStack: "o2cb", Plugins: []string{"o2cb"},
		Interface: 5, Capabilities: []string{"bast", "stackglue"}, MaxLocking: "1.0", HeartbeatCtl: "/sbin/ocfs2_hb_ctl",
		RecoverByDLM: true, HasDLMFS: true, HasConfigFS: true, HasNodes: true, SupportsStack: true,
	}
	if err != nil || !reflect.DeepEqual(st, want) {
		t.Errorf("State() =\n%+v, %v, want\n%+v", st, err, want)
	}
	if !st.Ready() {
		t.Error("not ready")
	}
	if domains, err := s.Domains(); err != nil || !reflect.DeepEqual(domains, []string{"dom"}) {
		t.Errorf("Domains() = %v, %v", domains, err)
	}
	mounts, err := s.Mounts("ocfs2")
	if want := []Mount{{Source: "/dev/ubda", Target: "/mnt/my volume", Type: "ocfs2"}}; err != nil || !reflect.DeepEqual(mounts, want) {
		t.Errorf("Mounts() = %v, %v, want %v", mounts, err, want)
	}
}

// Two drivers at once: the kernel shows one of them, and NUL bytes.
func TestStateWithTwoPlugins(t *testing.T) {
	files := maps.Clone(loaded)
	files["sys/fs/ocfs2/loaded_cluster_plugins"] = "user\n\x00\x00\x00\x00\x00"
	files["sys/module/ocfs2_stack_o2cb/refcnt"] = "0\n"
	s, _ := fixture(t, files)
	st, err := s.State()
	if err != nil || !st.SupportsStack || !reflect.DeepEqual(st.Plugins, []string{"user"}) {
		t.Errorf("State() = %+v, %v, want o2cb all the same", st, err)
	}
}

func TestStateSaysWhatItCannotRead(t *testing.T) {
	s, root := fixture(t, loaded)
	path := filepath.Join(root, "sys/fs/ocfs2/cluster_stack")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := s.State()
	says(t, err, unix.EISDIR, path)
}

// The mount table of a root elsewhere may be the host's: its mounts are not ours.
func TestMountPointsBelowTheRootOnly(t *testing.T) {
	files := maps.Clone(loaded)
	files["proc/self/mountinfo"] = `33 27 0:29 / /sys/kernel/config rw,relatime - configfs configfs rw
34 27 0:29 / ${ROOT}more/config rw,relatime - configfs configfs rw
35 25 0:30 / /dlm rw,relatime - ocfs2_dlmfs ocfs2_dlmfs rw
36 25 0:30 / ${ROOT}/srv/dlm rw,relatime - ocfs2_dlmfs ocfs2_dlmfs rw
`
	s, root := fixture(t, files)
	s.sys = &inert{} // no statfs has the magic number
	if place, err := s.ConfigFS(); !errors.Is(err, ErrNotMounted) {
		t.Errorf("ConfigFS() = %s, %v, want ErrNotMounted", place, err)
	}
	if place, err := s.DLMFS(); err != nil || place != root+"/srv/dlm" {
		t.Errorf("DLMFS() = %s, %v, want %s/srv/dlm", place, err, root)
	}
	if whole := New("/", nil); !whole.owns("/sys/kernel/config") || !whole.owns("/") {
		t.Error("the root / does not hold everything")
	}
}
