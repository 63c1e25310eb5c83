// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// state is all that a command may change: the file, the kernel's nodes and their values.
const state = `cat /etc/ocfs2/cluster.conf; find ` + tree + ` | sort; grep -rs . ` + tree + `/*/node | sort`

// elsewhere returns the paragraphs of docs/compatibility.md that take more than a
// command line to show.
func elsewhere() map[int]func(t *testing.T) {
	return map[int]func(t *testing.T){
		21: testEditKeepsTheRest,
		22: testFileAndKernelTogether,
	}
}

// TestParagraphs shows them.
func TestParagraphs(t *testing.T) {
	for number, show := range elsewhere() {
		t.Run(strconv.Itoa(number), show)
	}
}

// testEditKeepsTheRest makes the same edit by both: of all that it is not about,
// the C program leaves nothing.
func testEditKeepsTheRest(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "load")
	edit := func(tool string) (text, surroundings string) {
		n.MustShell("rm -f " + configFile + " && mkdir -p /etc/ocfs2 && ln -s real.conf " + configFile)
		n.WriteFile("/etc/ocfs2/real.conf", []byte(odd()), 0o600)
		n.MustShell("chown 7:8 /etc/ocfs2/real.conf")
		n.MustRun(tool, "add-node", "--ip", "10.9.0.3", "web", "c")
		return n.MustShell("cat " + configFile).Stdout,
			n.MustShell("stat -c '%F' " + configFile + "; stat -Lc '%a %u:%g' " + configFile).Stdout
	}
	text, surroundings := edit(rig.Tool(t, "o2cb"))
	if want := "symbolic link\n600 7:8\n"; surroundings != want {
		t.Errorf("ours makes of the file %q, want %q", surroundings, want)
	}
	want := strings.Replace(odd(), "node_count = 2", "node_count = 3", 1)
	if diff := rig.Changes(want, text); strings.Contains(diff, "-") || !strings.Contains(diff, "+\tname = c\n") {
		t.Errorf("ours changes more than it was told to:\n%s", diff)
	}
	text, surroundings = edit("o2cb")
	for _, kept := range []string{"# kept", "# inside", "colour", "printer", "lost"} {
		if strings.Contains(text, kept) {
			t.Errorf("the C program keeps %q, which docs/compatibility.md denies", kept)
		}
	}
	if want := "regular file\n644 0:0\n"; surroundings != want {
		t.Errorf("the C program makes of the file %q, want %q", surroundings, want)
	}
}

// testFileAndKernelTogether lets one of the two fail: the other stays as it was.
func testFileAndKernelTogether(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	tool := rig.Tool(t, "o2cb_ctl")
	n.WriteFile(configFile, []byte(two()), 0o644)
	n.MustRun(tool, "load")
	add := []string{"-C", "-i", "-n", "c", "-t", "node", "-a", "cluster=web", "-a", "ip_port=7777", "-a", "ip_address=10.9.0.3"}
	online := []string{"-H", "-n", "web", "-t", "cluster", "-a", "name=www", "-a", "online=yes"}
	n.MustRun(tool, "-H", "-n", "web", "-t", "cluster", "-a", "online=yes")
	tests := []struct {
		name   string
		before string // a shell script that makes the command fail
		after  string
		args   []string
		status int
		says   string
	}{
		{"the file system of the file is read-only", readOnly, writable, add, 226, "read-only file system"},
		{"read-only, node deleted", readOnly, writable, []string{"-D", "-u", "-n", "beta"}, 226, "read-only file system"},
		{"read-only, cluster deleted", readOnly, writable, []string{"-D", "-u", "-n", "web"}, 226, "read-only file system"},
		{"the kernel has the number", "mkdir " + tree + "/web/node/z; cd " + tree + "/web/node/z && echo 7777 > ipv4_port && echo 10.9.0.9 > ipv4_address && echo 2 > num",
			"rmdir " + tree + "/web/node/z", add, 251, "add node c"},
		{"the new name cannot go online", "true", "true", online, 251, "cluster www cannot go online"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n.MustShell(tt.before)
			was := n.MustShell(state).Stdout
			r := n.Run(tool, tt.args...)
			if r.Status != tt.status || !strings.Contains(r.Stderr, tt.says) || r.Stdout != "" {
				t.Errorf("status %d, output %q, errors %q; want %d and %q", r.Status, r.Stdout, r.Stderr, tt.status, tt.says)
			}
			if is := n.MustShell(state).Stdout; is != was {
				t.Errorf("before:\n%s\nafter:\n%s", was, is)
			}
			n.MustShell(tt.after)
		})
	}
}

const (
	readOnly = "mount --bind /etc/ocfs2 /etc/ocfs2 && mount -o remount,ro,bind /etc/ocfs2"
	writable = "umount /etc/ocfs2"
)
