// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

// operations are all that take a name, with the name in their hands.
var operations = map[string]func(fs *FS, name string) error{
	"Cluster":          func(fs *FS, name string) error { _, err := fs.Cluster(name); return err },
	"Timing":           func(fs *FS, name string) error { _, err := fs.Timing(name); return err },
	"SetTiming":        func(fs *FS, name string) error { return fs.SetTiming(name, cluster.Timing{DeadThreshold: 5}) },
	"HeartbeatMode":    func(fs *FS, name string) error { _, err := fs.HeartbeatMode(name); return err },
	"SetHeartbeatMode": func(fs *FS, name string) error { return fs.SetHeartbeatMode(name, cluster.LocalHeartbeat) },
	"CreateCluster":    func(fs *FS, name string) error { return fs.CreateCluster(name) },
	"RemoveCluster":    func(fs *FS, name string) error { return fs.RemoveCluster(name) },
	"AddNode in":       func(fs *FS, name string) error { return fs.AddNode(name, node("c")) },
	"AddNode":          func(fs *FS, name string) error { return fs.AddNode("web", node(name)) },
	"NumberNode in":    func(fs *FS, name string) error { _, err := fs.NumberNode(name, "a", 0); return err },
	"NumberNode":       func(fs *FS, name string) error { _, err := fs.NumberNode("web", name, 0); return err },
	"RemoveNode in":    func(fs *FS, name string) error { return fs.RemoveNode(name, "a") },
	"RemoveNode":       func(fs *FS, name string) error { return fs.RemoveNode("web", name) },
	"StartRegion in":   func(fs *FS, name string) error { return fs.StartRegion(name, "R", cluster.Area{}, os.Stdin) },
	"StartRegion":      func(fs *FS, name string) error { return fs.StartRegion("web", name, cluster.Area{}, os.Stdin) },
	"RemoveRegion in":  func(fs *FS, name string) error { return fs.RemoveRegion(name, "R") },
	"RemoveRegion":     func(fs *FS, name string) error { return fs.RemoveRegion("web", name) },
	"RegionPID in":     func(fs *FS, name string) error { _, err := fs.RegionPID(name, "R"); return err },
	"RegionPID":        func(fs *FS, name string) error { _, err := fs.RegionPID("web", name); return err },
}

func node(name string) cluster.Node {
	return cluster.Node{Name: name, Number: 9, Address: netip.MustParseAddr("10.0.0.9"), Port: 7777}
}

func TestNamesThatAreNotOneComponent(t *testing.T) {
	fs, root := fixture(t, web)
	put(t, filepath.Join(root, "outside/attribute"), "")
	before := tree(t, root)
	names := map[string]unix.Errno{
		"": unix.EINVAL, ".": unix.EINVAL, "..": unix.EINVAL, "../outside": unix.EINVAL, "a/b": unix.EINVAL,
		"/etc": unix.EINVAL, "a\x00b": unix.EINVAL, strings.Repeat("n", 256): unix.ENAMETOOLONG,
	}
	for operation, do := range operations {
		for name, errno := range names {
			err := do(fs, name)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, errno) || !strings.Contains(e.Reason, "name") {
				t.Errorf("%s(%q) = %v, want %v about the name", operation, name, err, errno)
			}
		}
	}
	if after := tree(t, root); after != before {
		t.Errorf("the tree changed from\n%s to\n%s", before, after)
	}
}

func TestNamesLongerThanTheKernels(t *testing.T) {
	fs, root := fixture(t, web)
	before := tree(t, root)
	for what, err := range map[string]error{
		"node of 65":   fs.AddNode("web", node(strings.Repeat("n", cluster.MaxNodeName+1))),
		"region of 33": fs.StartRegion("web", strings.Repeat("A", cluster.MaxRegionName+1), cluster.Area{}, os.Stdin),
	} {
		if !errors.Is(err, unix.ENAMETOOLONG) {
			t.Errorf("%s: %v, want ENAMETOOLONG", what, err)
		}
	}
	if after := tree(t, root); after != before {
		t.Errorf("the tree changed from\n%s to\n%s", before, after)
	}
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	for name, open := range map[string]openFunc{"openat2": openBeneath, "step by step": openStepwise} {
		t.Run(name, func(t *testing.T) {
			_, root := fixture(t, web)
			fs := &FS{mountPoint: root, openat: open}
			outside := t.TempDir()
			put(t, filepath.Join(outside, "num"), "1\n")
			for link, target := range map[string]string{
				"cluster/evil":          filepath.Join(root, "cluster/web"), // as a cluster
				"cluster/web/node/evil": outside,                            // as a node
			} {
				if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := fs.Cluster("evil"); !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.ENOTDIR) {
				t.Errorf("a cluster that is a link: %v", err)
			}
			if _, err := fs.NumberNode("web", "evil", 3); !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.ENOTDIR) {
				t.Errorf("a node that is a link: %v", err)
			}
			if got, err := os.ReadFile(filepath.Join(outside, "num")); err != nil || string(got) != "1\n" {
				t.Errorf("the file behind the link holds %q, %v", got, err)
			}
		})
	}
}

func TestOpenNeverCreates(t *testing.T) {
	fs, root := fixture(t, web)
	remove(t, filepath.Join(root, "cluster/web/node/a/num"))
	before := tree(t, root)
	_, err := fs.NumberNode("web", "a", 3)
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, unix.ENOENT) || e.Op != "write" || e.Value != "3" ||
		e.Path != filepath.Join(root, "cluster/web/node/a/num") {
		t.Errorf("writing a missing attribute: %#v, want ENOENT with path and value", err)
	}
	if after := tree(t, root); after != before {
		t.Errorf("the tree changed from\n%s to\n%s", before, after)
	}
}

// A node whose attributes do not appear (here: no kernel makes them) must be
// gone again, and the first failure is the one that is reported.
func TestAddNodeUndoesItself(t *testing.T) {
	fs, root := fixture(t, web)
	before := tree(t, root)
	err := fs.AddNode("web", node("c"))
	var e *Error
	if !errors.As(err, &e) || e.Op != "write" || e.Value != "7777" || filepath.Base(e.Path) != "ipv4_port" {
		t.Errorf("AddNode() = %v, want the write of ipv4_port", err)
	}
	if after := tree(t, root); after != before {
		t.Errorf("the tree changed from\n%s to\n%s", before, after)
	}
}

// tree prints names and contents of everything below root.
func tree(t testing.TB, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		b.WriteString(path)
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + string(content))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
