// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"

	"github.com/spf13/cobra"
)

// completionConfig has two clusters, and a name that no shell must be given.
const completionConfig = `cluster:
	name = web
	heartbeat_mode = global
	node_count = 2

cluster:
	name = db
	node_count = 1

cluster:
	name = $(touch /tmp/touched)
	node_count = 0

node:
	cluster = web
	name = alpha
	number = 0
	ip_address = 192.0.2.1
	ip_port = 7777

node:
	cluster = web
	name = beta
	number = 1
	ip_address = 192.0.2.2
	ip_port = 7777

node:
	cluster = db
	name = gamma
	number = 0
	ip_address = 192.0.2.3
	ip_port = 7777

heartbeat:
	cluster = web
	region = 77D95EF51C0149D2823674FCC162CF8B
`

// machine makes a root with the configuration and block devices. A kernel with a
// cluster there is only in the lab, where tests/manual completes from it.
func machine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"etc/ocfs2/cluster.conf":          completionConfig,
		"sys/class/block/sdb1/size":       "1000\n",
		"sys/class/block/loop0/size":      "0\n",
		"sys/class/block/dm-0/size":       "1000\n",
		"sys/class/block/dm-0/dm/name":    "shared\n",
		"sys/class/block/cciss!c0d0/size": "1000\n",
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// tab returns what is offered behind a command line, whose last word is being typed. A
// line that ends with a blank begins a new word.
func tab(t *testing.T, root, line string) []string {
	t.Helper()
	offered := tabbed(t, root, line)
	return offered[:len(offered)-1]
}

// tabbed is tab with the directive to the shell behind it: 0 for files, 4 for none, 16
// for directories, and 2 more for no blank behind the word.
func tabbed(t *testing.T, root, line string) []string {
	t.Helper()
	words := strings.Split(strings.ReplaceAll(line, "ROOT", root), " ")
	args := append([]string{words[0], "__completeNoDesc"}, words[1:]...)
	var out, errs bytes.Buffer
	if status := run(t.Context(), args, streams{strings.NewReader(""), &out, &errs}); status != 0 {
		t.Fatalf("%s: status %d: %s", line, status, errs.String())
	}
	offered := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := offered[len(offered)-1]; !strings.HasPrefix(last, ":") {
		t.Fatalf("%s: the last line is %q and not a directive", line, last)
	}
	return offered
}

func TestCompletion(t *testing.T) {
	root := machine(t)
	const uuid = "77D95EF51C0149D2823674FCC162CF8B"
	for line, want := range map[string]string{
		"o2cb_ctl --root ROOT online ":                   "web db",
		"o2cb_ctl --root ROOT online w":                  "web",
		"o2cb_ctl --root ROOT online web ":               "",
		"o2cb_ctl --root ROOT offline d":                 "db",
		"o2cb_ctl --root ROOT plan d":                    "db",
		"o2cb_ctl --root ROOT --local-node ":             "alpha beta gamma",
		"o2cb_ctl --root ROOT heartbeat start ":          "/dev/cciss/c0d0 /dev/mapper/shared /dev/sdb1 " + uuid,
		"o2cb_ctl --root ROOT heartbeat start /dev/m":    "/dev/mapper/shared",
		"o2cb_ctl --root ROOT volume /dev/sdb1 /dev/map": "/dev/mapper/shared",
		"o2cb_ctl stat":                                  "status",
		"o2cb_ctl heartbeat st":                          "start status stop",
		"o2cb_ctl fmt --":                                "--config --local-node --root --verbose --diff --help --write",
		"o2cb_ctl status ":                               "",
		"o2cb_ctl lock ":                                 "",
		"o2cb_ctl completion ":                           "bash zsh fish",
		"o2cb_ctl -":                                     "-C -D -I -H -h -V --config --root --local-node --help",
		"o2cb_ctl -I -":                                  "-n -t -a -o -z",
		"o2cb_ctl -C -t ":                                "cluster node heartbeat",
		"o2cb_ctl --root ROOT -I -t node -n ":            "alpha beta gamma",
		"o2cb_ctl --root ROOT -It cluster -on ":          "web db",
		"o2cb_ctl --root ROOT -C -t node -n ":            "",
		"o2cb_ctl --root ROOT -I -n g":                   "gamma",
		"o2cb_ctl --root ROOT -H -t node -a cluster":     "cluster=web cluster=db",
		"o2cb_ctl -H -t cluster -a on":                   "online=yes online=no",
		"o2cb_ctl -H -t cluster -a online=":              "",
		"o2cb remove-":                                   "remove-cluster remove-node remove-heartbeat",
		"o2cb --root ROOT remove-node ":                  "web db",
		"o2cb --root ROOT remove-node web ":              "alpha beta",
		"o2cb --root ROOT remove-node db g":              "gamma",
		"o2cb --root ROOT remove-node db gamma ":         "",
		"o2cb --root ROOT remove-heartbeat web 7":        uuid,
		"o2cb --root ROOT add-heartbeat web /dev/s":      "/dev/sdb1",
		"o2cb --root ROOT heartbeat-mode web ":           "local global",
		"o2cb add-node --":                               "--ip --port --number",
		"o2cb add-cluster ":                              "",
		"o2cb list-nodes --":                             "--oneline",
		"ocfs2_hb_ctl -S -":                              "-S -K -I -P -d -u -n -h",
		"ocfs2_hb_ctl -P -d /dev/x -n ":                  "0 1 2 3 4 5 6 7",
	} {
		got := strings.Join(tab(t, root, line), " ")
		if got != want {
			t.Errorf("%q offers\n%q, want\n%q", line, got, want)
		}
	}
}

// TestCompletionOfFiles shows where the shell completes files, and where it must not.
func TestCompletionOfFiles(t *testing.T) {
	root := machine(t)
	for line, want := range map[string]string{
		"o2cb_ctl check ":                    ":0",
		"o2cb_ctl check --json n":            ":0",
		"o2cb_ctl --config ":                 ":0",
		"o2cb_ctl lock d r -- c":             ":0",
		"o2cb_ctl volume ./im":               ":0",
		"o2cb --config-file ":                ":0",
		"o2cb_ctl -I --config ":              ":0",
		"o2cb_ctl --root ":                   ":16",
		"o2cb_ctl lock --single-node ":       ":16",
		"o2cb_ctl lock ":                     ":4",
		"o2cb_ctl status ":                   ":4",
		"o2cb_ctl --root ROOT online ":       ":4",
		"o2cb --root ROOT remove-node web ":  ":4",
		"o2cb --config-f":                    ":6",
		"o2cb_ctl -H -t node -n x -a number": ":6",
	} {
		offered := tabbed(t, root, line)
		if got := offered[len(offered)-1]; got != want {
			t.Errorf("%q ends with directive %s, want %s", line, got, want)
		}
	}
}

// TestCompletionOfLastResort shows that Tab never fails and never waits, whatever is in
// the way: a broken file, none, one that is a pipe which nobody writes to.
func TestCompletionOfLastResort(t *testing.T) {
	broken := machine(t)
	file := filepath.Join(broken, "etc/ocfs2/cluster.conf")
	if err := os.WriteFile(file, []byte("cluster:\n\tname = web\nnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := tab(t, broken, "o2cb_ctl --root ROOT online "); !slices.Contains(got, "web") {
		t.Errorf("what is right in a broken file is not offered: %q", got)
	}
	if got := tab(t, t.TempDir(), "o2cb_ctl --root ROOT online "); len(got) > 0 {
		t.Errorf("a machine without anything offers %q", got)
	}
	pipe := machine(t)
	file = filepath.Join(pipe, "etc/ocfs2/cluster.conf")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(file, 0o644); err != nil {
		t.Fatal(err)
	}
	// What the kernel has is offered all the same.
	for name, text := range map[string]string{
		"proc/self/mountinfo":                           "33 27 0:29 / " + pipe + "/sys/kernel/config rw - configfs configfs rw\n",
		"sys/kernel/config/cluster/live/heartbeat/mode": "local\n",
		"sys/kernel/config/cluster/live/node/.empty":    "",
	} {
		path := filepath.Join(pipe, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan []string, 1)
	go func() { done <- tab(t, pipe, "o2cb_ctl --root ROOT online ") }()
	select {
	case got := <-done:
		if !slices.Contains(got, "live") {
			t.Errorf("with a file that does not answer there is %q", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("Tab waits for a pipe")
	}
	// Whoever still waits in open(2) is let go.
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// TestInventory shows what the kernel has to offer, and that a name which the file has
// too is offered once.
func TestInventory(t *testing.T) {
	node := cluster.Node{Name: "alpha", Number: 3}
	inv := inventory{
		file: []*cluster.Cluster{{Name: "web", Nodes: []cluster.Node{node, {Name: "beta"}}, Regions: []cluster.Region{{Name: "R1"}, {Name: "R2"}}}},
		kernel: []*cluster.Cluster{
			{Name: "web", Nodes: []cluster.Node{node}, Regions: []cluster.Region{{Name: "R1", Device: "sdb1"}, {Name: "R3"}}},
			{Name: "live"},
		},
	}
	for what, c := range map[string]struct {
		from source
		want string
	}{
		"clusters":        {clusters, "web live"},
		"nodes":           {nodes, "alpha beta"},
		"nodes of live":   {nodesOf("live"), ""},
		"regions":         {regions, "R1 R3 R2"},
		"regions of web":  {regionsOf("web"), "R1 R3 R2"},
		"running regions": {runningRegions, "R1 /dev/sdb1 R3"},
	} {
		var names []string
		for _, offered := range c.from(inv) {
			name, _, _ := strings.Cut(offered, "\t")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestHarmless shows which names are given to a shell.
func TestHarmless(t *testing.T) {
	for name, want := range map[string]bool{
		"web": true, "a-b_c.d": true, "/dev/mapper/x": true, "cluster=web": true,
		"": false, "a b": false, "$(reboot)": false, "`x`": false, "a;b": false, "a\tb": false, "é": false, "a'b": false,
	} {
		if harmless(name) != want {
			t.Errorf("harmless(%q) is %t", name, !want)
		}
	}
}

// TestCompletionOfLocks offers what the kernel has, but not the domain of our own.
func TestCompletionOfLocks(t *testing.T) {
	inv := inventory{args: []string{"dom"}, locks: func() map[string][]string {
		return map[string][]string{"dom": {"a", "b", "not;harmless"}, "idle": nil, "o2cb-peers": {"p"}}
	}}
	for want, list := range map[string][]cobra.Completion{"dom idle": lockDomains(inv), "a b": lockResources(inv)} {
		var names []string
		for _, c := range list {
			name, _, _ := strings.Cut(c, "\t")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("offered is %q, want %q", got, want)
		}
	}
}
