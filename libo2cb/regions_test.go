// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/heartbeat"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
)

const (
	regionA = "52AA69F32F394C6EB28419F786C5BF0C"
	regionB = "77D95EF51C0149D2823674FCC162CF8B"
)

// globalMachine is a machine whose cluster is online in global mode with region A
// running, which the configuration has, beside region B.
func globalMachine() map[string]string {
	files := onlineMachine()
	for name := range files {
		if filepath.Base(filepath.Dir(name)) == "R1" || filepath.Dir(filepath.Dir(name)) == "dlm" {
			delete(files, name)
		}
	}
	at := "sys/kernel/config/cluster/web/heartbeat/"
	files[at+"mode"] = "global\n"
	files[at+regionA+"/dev"] = "sda1\n"
	files[at+regionA+"/blocks"] = "255\n"
	files["proc/self/mountinfo"] = "25 1 0:20 / / rw,relatime - ext4 /dev/vda rw\n33 27 0:29 / ROOT/sys/kernel/config rw,relatime - configfs configfs rw\n"
	files["etc/ocfs2/cluster.conf"] = conf2 + "heartbeat:\n\tcluster = web\n\tregion = " + regionA + "\n\nheartbeat:\n\tcluster = web\n\tregion = " + regionB + "\n"
	return files
}

// runningRegions lists the directories of the regions below the root.
func runningRegions(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "sys/kernel/config/cluster/web/heartbeat"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// findNothing returns a search that finds nothing and notes what it was asked for.
func findNothing(asked *[]string) func(context.Context, string, []string) ([]*volume.Volume, error) {
	return func(_ context.Context, _ string, uuids []string) ([]*volume.Volume, error) {
		*asked = append(*asked, uuids...)
		return nil, volume.ErrNotFound
	}
}

// Only what does not run is looked for, and when it is not found nothing changes.
func TestStartRegionsNotFound(t *testing.T) {
	var asked []string
	m, root := manager(t, globalMachine(), Options{Find: findNothing(&asked)})
	_, err := m.StartRegions(t.Context(), "web", nil)
	if !errors.Is(err, volume.ErrNotFound) {
		t.Errorf("StartRegions() = %v, want ErrNotFound", err)
	}
	says(t, err, "start heartbeat", regionB)
	if !slices.Equal(asked, []string{regionB}) {
		t.Errorf("looked for %v, want %s", asked, regionB)
	}
	if got := runningRegions(t, root); !slices.Equal(got, []string{regionA}) {
		t.Errorf("regions %v", got)
	}
}

func TestStartRegionsNothingToDo(t *testing.T) {
	var asked []string
	m, _ := manager(t, globalMachine(), Options{Find: findNothing(&asked)})
	report, err := m.StartRegions(t.Context(), "", []string{regionA})
	if err != nil || len(asked) != 0 || report.Cluster != "web" || len(report.Started)+len(report.Stopped) != 0 {
		t.Errorf("StartRegions() = %+v, %v, looked for %v", report, err, asked)
	}
	if want := []cluster.Region{{Name: regionA, Device: "sda1"}}; !slices.Equal(report.Running, want) {
		t.Errorf("running %v, want %v", report.Running, want)
	}
	steps, err := m.AddRegion(t.Context(), "web", regionA, func() error { asked = append(asked, "commit"); return nil })
	if err != nil || len(steps) != 0 || !slices.Equal(asked, []string{"commit"}) {
		t.Errorf("AddRegion() of one that runs = %v, %v, called %v", steps, err, asked)
	}
}

// A region is written as its volume's UUID: the kernel would know it by another name.
func TestStartRegionsMisspelt(t *testing.T) {
	m, _ := manager(t, globalMachine(), Options{Find: func(context.Context, string, []string) ([]*volume.Volume, error) {
		return []*volume.Volume{{UUID: regionB}}, nil
	}})
	_, err := m.StartRegions(t.Context(), "web", []string{"77d95ef51c0149d2823674fcc162cf8b"})
	says(t, err, "77d95ef51c0149d2823674fcc162cf8b is volume "+regionB, "write the region")
}

func TestRegionsRefused(t *testing.T) {
	const modePath = "sys/kernel/config/cluster/web/heartbeat/mode"
	commit := func() error { t.Error("the file was changed"); return nil }
	for _, tt := range []struct {
		name   string
		change func(files map[string]string)
		call   func(m *Manager) error
		want   error
		parts  []string
	}{
		{"start without a cluster", func(f map[string]string) { clear(f); addAll(f, machine()) },
			func(m *Manager) error { _, err := m.StartRegions(t.Context(), "", nil); return err }, ErrNoCluster, nil},
		{"start another cluster", func(map[string]string) {},
			func(m *Manager) error { _, err := m.StartRegions(t.Context(), "db", nil); return err }, nil, []string{"cluster db is not online, cluster web is"}},
		{"start in local mode", func(f map[string]string) { f[modePath] = "local\n" },
			func(m *Manager) error { _, err := m.StartRegions(t.Context(), "", nil); return err }, heartbeat.ErrLocal, []string{"cluster web"}},
		{"start without regions", func(f map[string]string) { f["etc/ocfs2/cluster.conf"] = conf2 },
			func(m *Manager) error { _, err := m.StartRegions(t.Context(), "", nil); return err }, ErrNoRegions, []string{"o2cb add-heartbeat"}},
		{"start beside a half", func(f map[string]string) { f["sys/kernel/config/cluster/web/heartbeat/"+regionA+"/dev"] = "\n" },
			func(m *Manager) error { _, err := m.StartRegions(t.Context(), "", nil); return err }, heartbeat.ErrHalfStarted, []string{regionA, "reboot"}},
		{"stop below a mount", func(f map[string]string) {
			f["proc/self/mountinfo"] += "40 25 98:0 / /mnt/volume rw,relatime - ocfs2 /dev/sda1 rw\n"
		}, func(m *Manager) error { _, err := m.StopRegions(t.Context(), "", nil); return err }, nil, []string{"/dev/sda1 is mounted on /mnt/volume"}},
		{"add in local mode", func(f map[string]string) { f[modePath] = "local\n" },
			func(m *Manager) error { _, err := m.AddRegion(t.Context(), "web", regionB, commit); return err }, heartbeat.ErrLocal, nil},
		{"add to another cluster", func(map[string]string) {},
			func(m *Manager) error { _, err := m.AddRegion(t.Context(), "db", regionB, commit); return err }, nil, []string{"cluster db is not online"}},
		{"add what is not found", func(map[string]string) {},
			func(m *Manager) error { _, err := m.AddRegion(t.Context(), "web", regionB, commit); return err }, volume.ErrNotFound, []string{regionB}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := globalMachine()
			tt.change(files)
			var asked []string
			m, _ := manager(t, files, Options{Find: findNothing(&asked)})
			err := tt.call(m)
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			says(t, err, tt.parts...)
		})
	}
}

// Where the region does not run there is only the file to change.
func TestRemoveRegionNotRunning(t *testing.T) {
	for name, of := range map[string]string{"another cluster": "db", "no such region": "web"} {
		m, root := manager(t, globalMachine(), Options{})
		committed := false
		steps, err := m.RemoveRegion(t.Context(), of, regionB, func() error { committed = true; return nil })
		if err != nil || len(steps) != 0 || !committed {
			t.Errorf("%s: %v, %v, committed %t", name, steps, err, committed)
		}
		if got := runningRegions(t, root); !slices.Equal(got, []string{regionA}) {
			t.Errorf("%s: regions %v", name, got)
		}
	}
}

func addAll(files, more map[string]string) {
	for name, content := range more {
		files[name] = content
	}
}
