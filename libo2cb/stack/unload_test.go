// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func containsLine(text, line string) bool {
	for l := range strings.Lines(text) {
		if strings.TrimRight(l, "\n") == line {
			return true
		}
	}
	return false
}

func TestUnloadNamesTheUsers(t *testing.T) {
	s, _ := fixture(t, loaded)
	kernel := &inert{}
	s.sys = kernel
	_, err := s.Unload(t.Context(), nil)
	var e *InUseError
	if !errors.As(err, &e) || !reflect.DeepEqual(e.Clusters, []string{"web"}) || !reflect.DeepEqual(e.Domains, []string{"dom"}) || len(e.Mounts) != 1 {
		t.Fatalf("Unload() = %#v", err)
	}
	says(t, err, nil, "/dev/ubda is mounted on /mnt/my volume", "lock domain dom", "cluster web is online (o2cb_ctl offline web)")
	if len(kernel.tried) != 0 {
		t.Errorf("it tried %q", kernel.tried)
	}
}

// quiet is the loaded stack without users.
func quiet() map[string]string {
	files := maps.Clone(loaded)
	delete(files, "dlm/dom/res")
	files["dlm/.keep"] = ""
	delete(files, "sys/kernel/config/cluster/web/idle_timeout_ms")
	files["sys/kernel/config/cluster/.keep"] = ""
	var mounts []string
	for line := range strings.Lines(files["proc/self/mountinfo"]) {
		if !strings.Contains(line, "- ocfs2 ") {
			mounts = append(mounts, line)
		}
	}
	files["proc/self/mountinfo"] = strings.Join(mounts, "")
	return files
}

func TestUnloadWithoutARecordLeavesConfigFS(t *testing.T) {
	s, _ := fixture(t, quiet())
	u := &unloading{Stack: s}
	recorded, err := u.prepare()
	if err != nil || recorded || !u.before.ConfigFS || !u.before.DebugFS || u.before.DLMFS {
		t.Errorf("prepare() = %v, %v, before %+v", recorded, err, u.before)
	}
	if !reflect.DeepEqual(u.remove, family()) {
		t.Errorf("modules to remove %v, want %v", u.remove, family())
	}
}

func TestUnloadForgetsTheRecordOfAnotherBoot(t *testing.T) {
	s, root := fixture(t, quiet())
	for boot, recorded := range map[string]bool{"another": false, "069aa8eb-7edc-45ec-965f-888fbfb06095": true} {
		if err := s.writeRecord(&before{BootID: boot}); err != nil {
			t.Fatal(err)
		}
		if b, err := s.readRecord(); err != nil || (b != nil) != recorded {
			t.Errorf("the record of boot %s reads as %v, %v", boot, b, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "run/o2cb"))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the record there is %v, %v", entries, err)
	}
	if err := os.WriteFile(filepath.Join(root, recordFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = s.readRecord()
	says(t, err, nil, recordFile, "remove the file")
}

func TestUnloadKeepsWhatWasThere(t *testing.T) {
	s, _ := fixture(t, quiet())
	record := &before{BootID: "069aa8eb-7edc-45ec-965f-888fbfb06095", Modules: []string{"overlay", "configfs", "ocfs2_stackglue"}, ConfigFS: true}
	if err := s.writeRecord(record); err != nil {
		t.Fatal(err)
	}
	u := &unloading{Stack: s}
	if recorded, err := u.prepare(); err != nil || !recorded {
		t.Fatalf("prepare() = %v, %v", recorded, err)
	}
	for _, name := range []string{"overlay", "configfs", "ocfs2_stackglue"} {
		for _, gone := range u.remove {
			if gone == name {
				t.Errorf("%s was there before and is to be removed", name)
			}
		}
	}
	if len(u.remove) != 4 {
		t.Errorf("modules to remove: %v", u.remove)
	}
}

func TestUnloadStopsAtABusyDLMFS(t *testing.T) {
	s, root := fixture(t, quiet())
	kernel := &inert{err: unix.EBUSY}
	s.sys = kernel
	_, err := s.Unload(t.Context(), nil)
	says(t, err, unix.EBUSY, root+"/dlm", "fuser -vm")
	if want := []string{"unmount " + root + "/dlm"}; !reflect.DeepEqual(kernel.tried, want) {
		t.Errorf("it tried %q, want %q", kernel.tried, want)
	}
}

// What something else holds shows before anything is touched.
func TestUnloadWhileAModuleIsHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		modules string // besides those of the stack
		edit    *strings.Replacer
		held    []string // nil: nobody holds anything
	}{
		"as it was loaded":              {"", strings.NewReplacer(), nil},
		"a process with ocfs2_control":  {"ocfs2_stack_user 20480 1 - Live 0x0\n", strings.NewReplacer(), []string{"ocfs2_stack_user"}},
		"a module of another family":    {"stranger 4096 0 - Live 0x0\n", strings.NewReplacer("nodemanager 166234 3 ", "nodemanager 166234 4 stranger,"), []string{"ocfs2_nodemanager"}},
		"dlmfs mounted somewhere else":  {"", strings.NewReplacer("ocfs2_dlmfs 14928 1", "ocfs2_dlmfs 14928 2"), []string{"ocfs2_dlmfs"}},
		"a kernel that keeps no counts": {"ocfs2_stack_user 20480 - - Live 0x0\n", strings.NewReplacer(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			files := quiet()
			files["proc/modules"] = tt.modules + tt.edit.Replace(files["proc/modules"])
			s, _ := fixture(t, files)
			kernel := &inert{err: unix.EIO}
			s.sys = kernel
			unloaded, err := s.Unload(t.Context(), nil)
			if unloaded.Actions == nil || len(unloaded.Actions) != 0 {
				t.Errorf("actions %#v, want an empty list", unloaded.Actions)
			}
			var e *InUseError
			if tt.held == nil {
				if !errors.Is(err, unix.EIO) || len(kernel.tried) != 1 {
					t.Errorf("Unload() = %v after %q, want an attempt", err, kernel.tried)
				}
				return
			}
			if !errors.As(err, &e) || !reflect.DeepEqual(e.Modules, tt.held) || len(kernel.tried) != 0 {
				t.Errorf("Unload() = %v after %q, want %q to be held", err, kernel.tried, tt.held)
			}
		})
	}
}
