// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inert is a kernel on which every change fails; whether one was tried shows.
// What a kernel does when it obeys is tested on the lab.
type inert struct {
	tried []string
	err   error
}

func (i *inert) try(what string) error {
	i.tried = append(i.tried, what)
	return i.err
}

func (i *inert) mount(_, target, _ string) error               { return i.try("mount " + target) }
func (i *inert) unmount(target string) error                   { return i.try("unmount " + target) }
func (i *inert) modprobe(_ context.Context, name string) error { return i.try("modprobe " + name) }
func (i *inert) deleteModule(name string) error                { return i.try("delete " + name) }
func (i *inert) settle() error                                 { return i.try("settle") }
func (i *inert) onOneProcessor(do func() error) error          { return do() }
func (i *inert) magic(string) (int64, error)                   { return 0, nil }

func TestLoadOfALoadedStackTouchesNothing(t *testing.T) {
	s, root := fixture(t, loaded)
	kernel := &inert{err: unix.EPERM}
	s.sys = kernel
	var seen []Action
	actions, err := s.Load(t.Context(), func(a Action) { seen = append(seen, a) })
	if err != nil || len(kernel.tried) != 0 || len(actions) == 0 {
		t.Fatalf("Load() = %v, %v after %q", actions, err, kernel.tried)
	}
	for _, a := range actions {
		if !a.Already {
			t.Errorf("%v on a machine where it was", a)
		}
	}
	if !reflect.DeepEqual(seen, actions) {
		t.Errorf("the observer saw %v, not %v", seen, actions)
	}
	if _, err := os.Lstat(filepath.Join(root, recordFile)); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a Load that changed nothing left a record: %v", err)
	}
}

func TestLoadRecordsBeforeItsFirstChange(t *testing.T) {
	s, _ := fixture(t, bare)
	s.sys = &inert{err: unix.EPERM}
	actions, err := s.Load(t.Context(), nil)
	says(t, err, unix.EPERM, "load: ")
	if actions == nil || len(actions) != 0 {
		t.Errorf("actions %v", actions)
	}
	b, err := s.readRecord()
	want := &before{BootID: "069aa8eb-7edc-45ec-965f-888fbfb06095", Modules: []string{"overlay"}}
	if err != nil || !reflect.DeepEqual(b, want) {
		t.Errorf("the record is %+v, %v, want %+v", b, err, want)
	}
}

func TestLoadNoticesThatAModuleDidNotCome(t *testing.T) {
	s, _ := fixture(t, bare)
	s.sys = &inert{} // modprobe says yes and nothing happens, as with a line "install configfs /bin/true"
	_, err := s.Load(t.Context(), nil)
	says(t, err, nil, "configfs", "modprobe succeeded", "/etc/modprobe.d")
}

func TestLoadRefusesAnActiveUserStack(t *testing.T) {
	files := maps.Clone(loaded)
	files["sys/fs/ocfs2/cluster_stack"] = "pcmk\n"
	files["sys/fs/ocfs2/active_cluster_plugin"] = "user\n"
	s, root := fixture(t, files)
	kernel := &inert{}
	s.sys = kernel
	_, err := s.Load(t.Context(), nil)
	var active *ActiveStackError
	if !errors.As(err, &active) || active.Label != "pcmk" || active.Plugin != "user" || len(kernel.tried) != 0 {
		t.Errorf("Load() = %v after %q", err, kernel.tried)
	}
	if label, err := readText(filepath.Join(root, "sys/fs/ocfs2/cluster_stack")); err != nil || label != "pcmk" {
		t.Errorf("the label is %q, %v", label, err)
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	s, _ := fixture(t, bare)
	kernel := &inert{}
	s.sys = kernel
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx, nil); !errors.Is(err, context.Canceled) || len(kernel.tried) != 0 {
		t.Errorf("Load() = %v after %q", err, kernel.tried)
	}
}

func TestModprobeGetsAFixedEnvironment(t *testing.T) {
	bin, root := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\n/usr/bin/env > " + bin + "/env\necho \"$@\" > " + bin + "/args\necho 'modprobe: FATAL: Module ocfs2_dlmfs not found' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "modprobe"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("MODPROBE_OPTIONS", "--force")
	err := host{root: root}.modprobe(t.Context(), "ocfs2_dlmfs")
	says(t, err, nil, "load module ocfs2_dlmfs", filepath.Join(bin, "modprobe"), "not found", "install the kernel package")
	if args, err := readText(filepath.Join(bin, "args")); err != nil || args != "--dirname "+root+" ocfs2_dlmfs" {
		t.Errorf("modprobe was called with %q, %v", args, err)
	}
	env, err := readText(filepath.Join(bin, "env"))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("MODPROBE_OPTIONS") == "" || containsLine(env, "MODPROBE_OPTIONS=--force") || !containsLine(env, "LC_ALL=C") {
		t.Errorf("modprobe's environment:\n%s", env)
	}
}

func TestModprobeComesFromItsPlace(t *testing.T) {
	bin := t.TempDir()
	place := filepath.Join(bin, "modprobe")
	t.Setenv("PATH", bin)
	if err := os.WriteFile(place, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		places []string
		want   string
	}{
		{[]string{"/nowhere/modprobe", "/bin/sh"}, "/bin/sh"},
		{[]string{"/nowhere/modprobe"}, place},
		{nil, place},
	} {
		if got, err := (host{places: tt.places}).findModprobe(); err != nil || got != tt.want {
			t.Errorf("of %q and PATH: %s, %v, want %s", tt.places, got, err, tt.want)
		}
	}
}

func TestModprobeCancelled(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "modprobe"), []byte("#!/bin/sh\nexec /usr/bin/tail -f /dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	why := errors.New("no patience")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, why)
	defer cancel()
	says(t, host{root: t.TempDir()}.modprobe(ctx, "configfs"), why, "load module configfs")
}
