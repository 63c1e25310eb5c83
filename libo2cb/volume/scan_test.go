// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeMachine is a folder with a sysfs and a /dev of plain files.
type fakeMachine struct {
	tb      testing.TB
	root    string
	numbers map[string]uint64 // of nodes
	opened  sync.Map
	next    int
}

func newFakeMachine(tb testing.TB) *fakeMachine {
	f := &fakeMachine{tb: tb, root: tb.TempDir(), numbers: map[string]uint64{}}
	f.mkdir("sys/class/block")
	f.mkdir("dev/mapper")
	return f
}

func (f *fakeMachine) mkdir(name string) string {
	f.tb.Helper()
	path := filepath.Join(f.root, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		f.tb.Fatal(err)
	}
	return path
}

func (f *fakeMachine) write(name string, data []byte) {
	f.tb.Helper()
	f.mkdir(filepath.Dir(name))
	if err := os.WriteFile(filepath.Join(f.root, name), data, 0o600); err != nil {
		f.tb.Fatal(err)
	}
}

// disk adds a block device to sysfs, with a node that holds data.
func (f *fakeMachine) disk(name string, data []byte) {
	f.tb.Helper()
	f.device("sys/devices/"+name, name, data)
}

// partition adds a partition of disk.
func (f *fakeMachine) partition(disk, name string, data []byte) {
	f.tb.Helper()
	at := "sys/devices/" + disk + "/" + name
	f.device(at, name, data)
	f.write(at+"/partition", []byte("1\n"))
}

func (f *fakeMachine) device(at, name string, data []byte) {
	f.tb.Helper()
	f.next++
	f.write(at+"/dev", fmt.Appendf(nil, "259:%d\n", f.next))
	f.write(at+"/size", fmt.Appendf(nil, "%d\n", len(data)/512))
	f.write(at+"/uevent", fmt.Appendf(nil, "MAJOR=259\nMINOR=%d\nDEVNAME=%s\n", f.next, name))
	f.mkdir(at + "/holders")
	if err := os.Symlink(filepath.Join("../../..", at), filepath.Join(f.root, "sys/class/block", name)); err != nil {
		f.tb.Fatal(err)
	}
	f.node(name, f.next, data)
}

// node makes /dev/name the node of device 259:minor.
func (f *fakeMachine) node(name string, minor int, data []byte) {
	f.tb.Helper()
	f.write("dev/"+name, data)
	f.numbers[filepath.Join(f.root, "dev", name)] = unix.Mkdev(259, uint32(minor))
}

// hold says that holder is built on device.
func (f *fakeMachine) hold(device, holder string) {
	f.write("sys/class/block/"+device+"/holders/"+holder, nil)
}

func (f *fakeMachine) scan() *scan {
	return &scan{
		list: func() (*machine, error) {
			m, err := list(f.root)
			if err != nil {
				return nil, err
			}
			m.stat = func(path string) (uint64, error) {
				if n, ok := f.numbers[path]; ok {
					return n, nil
				}
				return 0, unix.ENOENT
			}
			return m, nil
		},
		open: func(path string) (*Volume, error) {
			f.opened.Store(filepath.Base(path), true)
			return Open(path)
		},
	}
}

func (f *fakeMachine) survey() *Survey {
	f.tb.Helper()
	s, err := f.scan().survey(f.tb.Context())
	if err != nil {
		f.tb.Fatal(err)
	}
	return s
}

// devices returns the names below /dev of the volumes found.
func (f *fakeMachine) devices(s *Survey) []string {
	var names []string
	for _, v := range s.Volumes {
		names = append(names, strings.TrimPrefix(v.Device, filepath.Join(f.root, "dev")+"/"))
	}
	return names
}

func TestScanAnyName(t *testing.T) {
	f := newFakeMachine(t)
	data, other := image(t, "metaecc-512"), make([]byte, 64<<10)
	f.disk("nvme0n1", other)
	f.partition("nvme0n1", "nvme0n1p1", data)
	f.disk("dasda", image(t, "classic-1024"))
	f.disk("zz-no-such-driver7", image(t, "heartbeat-512"))
	f.disk("sr0", nil)
	f.disk("sda", other)
	s := f.survey()
	if got, want := f.devices(s), []string{"dasda", "nvme0n1p1", "zz-no-such-driver7"}; !slices.Equal(got, want) {
		t.Errorf("volumes on %v, want %v", got, want)
	}
	if len(s.Problems) != 0 {
		t.Errorf("problems: %v", s.Problems)
	}
	if _, opened := f.opened.Load("sr0"); opened {
		t.Error("the drive without medium was opened")
	}
}

// A node is chosen by its number; its name is only a hint.
func TestScanNodes(t *testing.T) {
	f := newFakeMachine(t)
	data := image(t, "metaecc-512")
	f.disk("dm-0", data) // 259:1
	f.write("sys/class/block/dm-0/dm/name", []byte("mpatha\n"))
	f.node("mapper/mpatha", 1, data)
	f.disk("sdb", image(t, "classic-1024")) // 259:2, but /dev/sdb is another device now
	f.numbers[filepath.Join(f.root, "dev/sdb")] = unix.Mkdev(8, 99)
	f.node("disk/special/node", 2, image(t, "classic-1024"))
	f.disk("sdc", image(t, "heartbeat-512"))
	delete(f.numbers, filepath.Join(f.root, "dev/sdc"))
	s := f.survey()
	if got, want := f.devices(s), []string{"mapper/mpatha", "disk/special/node"}; !slices.Equal(got, want) {
		t.Errorf("volumes on %v, want %v", got, want)
	}
	if len(s.Problems) != 1 || !errors.Is(s.Problems[0], unix.ENOENT) || !strings.Contains(s.Problems[0].Error(), "sdc") {
		t.Errorf("problems %v, want one ENOENT that names sdc", s.Problems)
	}
}

// components is a machine where the same volume shows on many devices of which
// only one may be used.
func components(t *testing.T) map[string]func(f *fakeMachine) (want string) {
	data := image(t, "metaecc-512")
	return map[string]func(f *fakeMachine) string{
		"multipath": func(f *fakeMachine) string {
			for _, path := range []string{"sda", "sdb"} {
				f.disk(path, data)
				f.hold(path, "zdm-0")
			}
			f.disk("zdm-0", data)
			return "zdm-0"
		},
		"partition of multipath": func(f *fakeMachine) string {
			empty := make([]byte, 64<<10)
			f.disk("sda", empty)
			f.partition("sda", "sda1", data)
			f.hold("sda", "zdm-0")
			f.disk("zdm-0", empty)
			f.hold("zdm-0", "zdm-1")
			f.disk("zdm-1", data)
			return "zdm-1"
		},
		"RAID with partitions": func(f *fakeMachine) string {
			empty := make([]byte, 64<<10)
			f.disk("sda", empty)
			f.partition("sda", "sda1", data)
			f.hold("sda", "zmd0")
			f.disk("zmd0", empty)
			f.partition("zmd0", "zmd0p1", data)
			return "zmd0p1"
		},
		"loop device over a disk": func(f *fakeMachine) string {
			f.disk("sda", data)
			f.disk("loop0", data)
			f.write("sys/class/block/loop0/loop/backing_file", []byte("/dev/sda\n"))
			f.disk("loop1", make([]byte, 64<<10))
			f.write("sys/class/block/loop1/loop/backing_file", []byte("/var/image\n"))
			return "sda"
		},
		"held by something else": func(f *fakeMachine) string {
			f.disk("sda", data)
			f.hold("sda", "zdm-0")
			f.disk("zdm-0", make([]byte, 64<<10))
			return "sda"
		},
		"holder is gone": func(f *fakeMachine) string {
			f.disk("sda", data)
			f.hold("sda", "zdm-0")
			return "sda"
		},
		"holders in a ring": func(f *fakeMachine) string {
			f.disk("sda", data)
			f.disk("zdm-0", make([]byte, 64<<10))
			f.hold("sda", "zdm-0")
			f.hold("zdm-0", "sda")
			return "sda"
		},
	}
}

func TestComponents(t *testing.T) {
	for name, build := range components(t) {
		t.Run(name, func(t *testing.T) {
			f := newFakeMachine(t)
			want := build(f)
			s := f.survey()
			if got := f.devices(s); !slices.Equal(got, []string{want}) {
				t.Errorf("Scan: volumes on %v, want %s", got, want)
			}
			v, err := f.scan().find(t.Context(), "52aa69f3-2f39-4c6e-b284-19f786c5bf0c")
			if err != nil {
				t.Fatal(err)
			}
			if got := filepath.Base(v.Device); got != want {
				t.Errorf("Find: %s, want %s", got, want)
			}
		})
	}
}

// A holder that cannot be read may carry the volume: then no path is used.
func TestHolderUnreadable(t *testing.T) {
	f := newFakeMachine(t)
	f.disk("sda", image(t, "metaecc-512"))
	f.hold("sda", "dm-0")
	f.disk("dm-0", image(t, "metaecc-512"))
	f.write("sys/class/block/dm-0/dm/suspended", []byte("1\n"))
	s := f.survey()
	if len(s.Volumes) != 0 || len(s.Problems) != 2 {
		t.Errorf("volumes %v, problems %v", f.devices(s), s.Problems)
	}
	_, err := f.scan().find(t.Context(), fixtures()["metaecc-512"].UUID)
	if !errors.Is(err, ErrNotFound) || !errors.Is(err, unix.EAGAIN) || !strings.Contains(err.Error(), "part of dm-0") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %v", err)
	}
}

func TestScanProblems(t *testing.T) {
	f := newFakeMachine(t)
	e := edit(t, "classic-1024", 1024)
	put16(e.systemDir(), inodeBody+listDepth, 1)
	f.disk("sda", e.image)
	f.disk("sdb", image(t, "heartbeat-512"))
	s := f.survey()
	if got := f.devices(s); !slices.Equal(got, []string{"sdb"}) {
		t.Errorf("volumes on %v, want sdb", got)
	}
	if len(s.Problems) != 1 || !errors.Is(s.Problems[0], ErrCorrupt) {
		t.Errorf("problems %v, want the damaged volume", s.Problems)
	}
}

func TestScanCancelled(t *testing.T) {
	f := newFakeMachine(t)
	f.disk("sda", make([]byte, 4096))
	s := f.scan()
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	s.open = func(string) (*Volume, error) {
		cancel()
		<-release // a disk that does not answer
		return nil, unix.EIO
	}
	_, err := s.survey(ctx)
	close(release)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestScanWithoutSysfs(t *testing.T) {
	if _, err := Scan(t.Context(), t.TempDir()); !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v, want ENOENT", err)
	}
	if _, err := Find(t.Context(), t.TempDir(), "00"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v, want ENOENT", err)
	}
}
