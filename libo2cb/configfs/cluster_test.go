// SPDX-License-Identifier: Apache-2.0

package configfs

import (
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"golang.org/x/sys/unix"
)

func TestClusterReadsWhatTheKernelHolds(t *testing.T) {
	fs, _ := fixture(t, web)
	names, err := fs.Clusters()
	if err != nil || !reflect.DeepEqual(names, []string{"web"}) {
		t.Fatalf("Clusters() = %v, %v", names, err)
	}
	got, err := fs.Cluster("web")
	if err != nil {
		t.Fatal(err)
	}
	want := &cluster.Cluster{
		Name:          "web",
		HeartbeatMode: cluster.GlobalHeartbeat,
		Nodes: []cluster.Node{
			{Name: "b", Number: 0, Address: netip.MustParseAddr("10.0.0.2"), Port: 7777},
			{Name: "a", Number: 7, Address: netip.MustParseAddr("10.0.0.1"), Port: 7778, Local: true},
		},
		Regions: []cluster.Region{
			{Name: "1F548B5454764008ABB6D1F903252F86", Device: "sda1"},
			{Name: "52AA69F32F394C6EB28419F786C5BF0C"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Cluster() =\n%+v, want\n%+v", got, want)
	}
}

func TestClusterStepwise(t *testing.T) {
	confined, root := fixture(t, web)
	stepwise := &FS{mountPoint: root, openat: openStepwise}
	want, err := confined.Cluster("web")
	if err != nil {
		t.Fatal(err)
	}
	got, err := stepwise.Cluster("web")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("without openat2: %+v, %v, want %+v", got, err, want)
	}
}

func TestClusterOfAKernelWithoutMode(t *testing.T) {
	fs, root := fixture(t, web)
	remove(t, filepath.Join(root, "cluster/web/heartbeat/mode"))
	c, err := fs.Cluster("web")
	if err != nil || c.HeartbeatMode != cluster.LocalHeartbeat {
		t.Errorf("mode %v, %v", c, err)
	}
	if err := fs.SetHeartbeatMode("web", cluster.LocalHeartbeat); err != nil {
		t.Errorf("local mode on a kernel that knows no other: %v", err)
	}
	err = fs.SetHeartbeatMode("web", cluster.GlobalHeartbeat)
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("global mode without the attribute: %v, want ENOENT", err)
	}
}

func TestReadFailures(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, root string)
		errno  unix.Errno
		path   string // end of Error.Path
		says   string
	}{
		{"not mounted", func(t *testing.T, root string) { remove(t, filepath.Join(root, "cluster")) },
			unix.ENOENT, "/cluster", "o2cb_ctl load"},
		{"no mount point", func(t *testing.T, root string) { remove(t, root) },
			unix.ENOENT, "", "o2cb_ctl load"},
		{"no such cluster", func(t *testing.T, root string) { remove(t, filepath.Join(root, "cluster/web")) },
			unix.ENOENT, "/cluster/web", "no cluster of this name"},
		{"node goes away", func(t *testing.T, root string) { remove(t, filepath.Join(root, "cluster/web/node/a/num")) },
			unix.ENOENT, "/node/a/num", "removed while the cluster was being read"},
		{"number is no number", func(t *testing.T, root string) { put(t, filepath.Join(root, "cluster/web/node/a/num"), "x\n") },
			unix.EBADMSG, "/node/a/num", `"x" is not a number`},
		{"address is no address", func(t *testing.T, root string) {
			put(t, filepath.Join(root, "cluster/web/node/a/ipv4_address"), "10.0.0\n")
		}, unix.EBADMSG, "/node/a/ipv4_address", `"10.0.0" is not an IPv4 address`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs, root := fixture(t, web)
			tt.damage(t, root)
			_, err := fs.Cluster("web")
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.errno) {
				t.Fatalf("Cluster() = %v, want *Error with %v", err, tt.errno)
			}
			if !strings.HasPrefix(e.Path, root) || !strings.HasSuffix(e.Path, tt.path) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v: want the path …%s and the words %q", err, tt.path, tt.says)
			}
		})
	}
}

// A directory that is removed while it is open lists as empty without any
// error, and a new one of the same name is another cluster.
func TestRemovedWhileReadingIsNoticed(t *testing.T) {
	fs, root := fixture(t, web)
	d, err := fs.cluster("web")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if stands, err := d.stands(); !stands || err != nil {
		t.Fatalf("stands() = %v, %v before the removal", stands, err)
	}
	remove(t, filepath.Join(root, "cluster/web"))
	if stands, err := d.stands(); stands || err != nil {
		t.Errorf("stands() = %v, %v after the removal", stands, err)
	}
	if _, _, err := readIfThere(d, "heartbeat/mode"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a missing attribute of a removed cluster: %v, want ENOENT", err)
	}
	put(t, filepath.Join(root, "cluster/web/idle_timeout_ms"), "1\n")
	if stands, err := d.stands(); stands || err != nil {
		t.Errorf("stands() = %v, %v with another cluster in its place", stands, err)
	}
}
