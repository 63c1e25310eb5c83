// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// conf2 is a cluster of two nodes.
const conf2 = `cluster:
	name = web
	node_count = 2

node:
	name = a
	cluster = web
	number = 0
	ip_address = 10.0.0.1
	ip_port = 7777

node:
	name = b
	cluster = web
	number = 1
	ip_address = 10.0.0.2
	ip_port = 7777

`

// machine is a system without the stack, called a.example.com.
func machine() map[string]string {
	return map[string]string{
		"etc/ocfs2/cluster.conf":   conf2,
		"proc/sys/kernel/hostname": "a.example.com\n",
		"proc/filesystems":         "\text4\n",
		"proc/self/mountinfo":      "25 1 0:20 / / rw,relatime - ext4 /dev/vda rw\n",
	}
}

// onlineMachine is the same with the stack loaded, the cluster online and a volume mounted.
func onlineMachine() map[string]string {
	files := machine()
	for name, content := range map[string]string{
		"proc/filesystems": "\text4\nnodev\tconfigfs\nnodev\tocfs2_dlmfs\nnodev\tdebugfs\n",
		"proc/self/mountinfo": `25 1 0:20 / / rw,relatime - ext4 /dev/vda rw
33 27 0:29 / ROOT/sys/kernel/config rw,relatime - configfs configfs rw
34 27 0:28 / ROOT/sys/kernel/debug rw,relatime - debugfs debugfs rw
35 25 0:30 / ROOT/dlm rw,relatime - ocfs2_dlmfs ocfs2_dlmfs rw
40 25 98:0 / /mnt/volume rw,relatime - ocfs2 /dev/sda1 rw
`,
		"sys/fs/ocfs2/cluster_stack":                             "o2cb\n",
		"sys/fs/ocfs2/loaded_cluster_plugins":                    "o2cb\n",
		"sys/kernel/config/cluster/web/idle_timeout_ms":          "30000\n",
		"sys/kernel/config/cluster/web/keepalive_delay_ms":       "2000\n",
		"sys/kernel/config/cluster/web/reconnect_delay_ms":       "2000\n",
		"sys/kernel/config/cluster/web/fence_method":             "reset\n",
		"sys/kernel/config/cluster/web/node/a/num":               "0\n",
		"sys/kernel/config/cluster/web/node/a/ipv4_port":         "7777\n",
		"sys/kernel/config/cluster/web/node/a/ipv4_address":      "10.0.0.1\n",
		"sys/kernel/config/cluster/web/node/a/local":             "1\n",
		"sys/kernel/config/cluster/web/node/b/num":               "1\n",
		"sys/kernel/config/cluster/web/node/b/ipv4_port":         "7777\n",
		"sys/kernel/config/cluster/web/node/b/ipv4_address":      "10.0.0.2\n",
		"sys/kernel/config/cluster/web/node/b/local":             "0\n",
		"sys/kernel/config/cluster/web/heartbeat/mode":           "local\n",
		"sys/kernel/config/cluster/web/heartbeat/dead_threshold": "31\n",
		"sys/kernel/config/cluster/web/heartbeat/R1/dev":         "sda1\n",
		"sys/kernel/config/cluster/web/heartbeat/R1/pid":         "471\n",
		"sys/kernel/debug/o2hb/livenodes":                        "0 1 \n",
		"sys/kernel/debug/o2hb/R1/livenodes":                     "0 \n",
		"sys/kernel/debug/o2net/connected_nodes":                 "\n",
		"dlm/dom/res":                                            "",
		"dlm/idle/res":                                           "",
		"proc/12/fdinfo/3":                                       "pos:\t0\nmnt_id:\t35\n",
		"proc/12/fdinfo/4":                                       "mnt_id:\t35\n",
		"proc/12/fdinfo/5":                                       "mnt_id:\t35\n",
		"proc/13/fdinfo/7":                                       "mnt_id:\t35\n",
		"proc/15/fdinfo/3":                                       "mnt_id:\t25\n",
		"proc/15/comm":                                           "elsewhere\n",
		"proc/12/comm":                                           "writer\n",
		"proc/13/comm":                                           "joiner\n",
		"proc/14/comm":                                           "stranger\n",
	} {
		files[name] = content
	}
	return files
}

// descriptors are the links below proc of the machine that is online.
var descriptors = map[string]string{
	"proc/12/fd/3": "ROOT/dlm/dom/res",
	"proc/12/fd/4": "ROOT/dlm/dom/res", // twice: the lock and its value
	"proc/12/fd/5": "ROOT/dlm/dom/other (deleted)",
	"proc/13/fd/7": "ROOT/dlm/dom",
	"proc/14/fd/0": "/dev/null",
	"proc/15/fd/3": "ROOT/dlm/dom/res", // of that name on another file system
	"proc/14/fd/1": "ROOT/dlmother/x",
	"proc/14/fd/2": "socket:[471]",
}

// manager lays the files of a machine out and returns its manager, whose host
// has the address 10.0.0.1, and its root, which ROOT in a content stands for.
func manager(t testing.TB, files map[string]string, o Options) (*Manager, string) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "ROOT", root)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range descriptors {
		path := filepath.Join(root, name)
		if _, err := os.Stat(filepath.Join(root, filepath.Dir(filepath.Dir(name)), "comm")); err != nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(strings.ReplaceAll(target, "ROOT", root), path); err != nil {
			t.Fatal(err)
		}
	}
	o.Root = root
	m := New(o)
	m.addresses = func() ([]netip.Prefix, error) {
		return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("10.0.0.1/24")}, nil
	}
	return m, root
}

// says checks that err is one line with all the parts.
func says(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, p := range append(parts, "") {
		if !strings.Contains(err.Error(), p) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want one line with %q", err, p)
		}
	}
}
