// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"golang.org/x/sys/unix"
)

func TestWantedMarksTheLocalNode(t *testing.T) {
	tests := []struct {
		name    string
		o       Options
		cluster string
		files   map[string]string // on top of the machine
		local   string
	}{
		{"by host name", Options{}, "", nil, "a"},
		{"by name of the cluster", Options{}, "web", nil, "a"},
		{"by option", Options{LocalNode: "b"}, "", map[string]string{"etc/ocfs2/cluster.conf": strings.Replace(conf2, "10.0.0.2", "127.0.0.9", 1)}, "b"},
		{"by the settings", Options{}, "", map[string]string{"etc/default/o2cb": "O2CB_NODE=b\n", "etc/ocfs2/cluster.conf": strings.Replace(conf2, "10.0.0.2", "127.0.0.9", 1)}, "b"},
		{"by option before the settings", Options{LocalNode: "a"}, "", map[string]string{"etc/default/o2cb": "O2CB_NODE=b\n"}, "a"},
		{"the cluster of the settings", Options{}, "", map[string]string{"etc/default/o2cb": "O2CB_BOOTCLUSTER=web\n",
			"etc/ocfs2/cluster.conf": conf2 + "\ncluster:\n\tname = db\n\tnode_count = 0\n"}, "a"},
		{"another cluster in the settings", Options{}, "", map[string]string{"etc/default/o2cb": "O2CB_BOOTCLUSTER=ocfs2\n"}, "a"},
		{"permissive", Options{Permissive: true}, "", map[string]string{"etc/ocfs2/cluster.conf": strings.Replace(conf2, "node_count = 2", "node_count = 7", 1)}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := machine()
			for name, content := range tt.files {
				files[name] = content
			}
			m, _ := manager(t, files, tt.o)
			c, _, err := m.wanted(tt.cluster)
			if err != nil {
				t.Fatal(err)
			}
			if got := localName(c); c.Name != "web" || len(c.Nodes) != 2 || got != tt.local {
				t.Errorf("cluster %s with the local node %q, want %q", c.Name, got, tt.local)
			}
		})
	}
}

// Whatever is wrong shows before anything is touched: no lock file, no record.
func TestOnlineRefusals(t *testing.T) {
	tests := []struct {
		name    string
		o       Options
		cluster string
		edit    *strings.Replacer
		host    string
		want    any // pointer to the type of the error
		says    []string
	}{
		{"no file", Options{Config: "/nowhere/cluster.conf"}, "", nil, "", new(*UnknownClusterError), []string{"/nowhere/cluster.conf has no cluster"}},
		{"unknown cluster", Options{}, "db", nil, "", new(*UnknownClusterError), []string{`no cluster "db"`, "web"}},
		{"two clusters", Options{}, "", strings.NewReplacer("node:\n\tname = b\n\tcluster = web", "cluster:\n\tname = db\n\tnode_count = 1\n\nnode:\n\tname = b\n\tcluster = db", "node_count = 2", "node_count = 1"),
			"", new(*UnknownClusterError), []string{"several clusters", "web, db"}},
		{"invalid", Options{}, "", strings.NewReplacer("number = 1", "number = 0"), "", new(*conf.InvalidError), []string{"cluster.conf:", "0"}},
		{"invalid, permissible", Options{}, "", strings.NewReplacer("node_count = 2", "node_count = 7"), "", new(*conf.InvalidError), []string{"cluster.conf:3:"}},
		{"invalid, not permissible", Options{Permissive: true}, "", strings.NewReplacer("number = 1", "number = 0"), "", new(*conf.InvalidError), []string{"cluster.conf:"}},
		{"no local node", Options{}, "", nil, "other\n", new(*cluster.LocalNodeError), []string{`"other"`, `"a"`, `"b"`, "--local-node"}},
		{"unknown local node", Options{LocalNode: "c"}, "", nil, "", new(*UnknownNodeError), []string{`no node "c"`, "a, b"}},
		{"address of another host", Options{LocalNode: "b"}, "", nil, "", new(*LocalAddressError), []string{"10.0.0.2", "this host has 127.0.0.1, 10.0.0.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := machine()
			if tt.edit != nil {
				files["etc/ocfs2/cluster.conf"] = tt.edit.Replace(conf2)
			}
			if tt.host != "" {
				files["proc/sys/kernel/hostname"] = tt.host
			}
			m, root := manager(t, files, tt.o)
			report, err := m.Online(t.Context(), tt.cluster)
			says(t, err, append(tt.says, "online: ")...)
			if !errors.As(err, tt.want) {
				t.Errorf("%T is not in %v", tt.want, err)
			}
			if report.Changed() || len(report.Findings.Errors()) > 0 {
				t.Errorf("report %+v", report)
			}
			if _, err := os.Lstat(filepath.Join(root, "run")); !errors.Is(err, unix.ENOENT) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func TestAnotherStackIsRefused(t *testing.T) {
	files := machine()
	files["etc/default/o2cb"] = "O2CB_STACK=pcmk\n"
	m, root := manager(t, files, Options{})
	_, err := m.Load(t.Context())
	_, onlineErr := m.Online(t.Context(), "web")
	for _, err := range []error{err, onlineErr} {
		if !errors.As(err, new(*OtherStackError)) {
			t.Errorf("not an OtherStackError: %v", err)
		}
		says(t, err, "etc/default/o2cb", "O2CB_STACK=pcmk", "set O2CB_STACK=o2cb")
	}
	if _, err := os.Lstat(filepath.Join(root, "run")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("something was written: %v", err)
	}
}

func TestOnHost(t *testing.T) {
	hosts := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("10.0.0.1/24")}
	for address, want := range map[string]bool{"10.0.0.1": true, "10.0.0.2": false, "127.0.0.1": true, "127.3.4.5": true, "0.0.0.0": false} {
		if got := onHost(hosts, netip.MustParseAddr(address)); got != want {
			t.Errorf("onHost(%s) = %v", address, got)
		}
	}
	if all, err := hostAddresses(); err != nil || !onHost(all, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("this host has %v, %v and no loopback address", all, err)
	}
}
