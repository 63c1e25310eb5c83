// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/rig"
)

// badNames are names that no command may take.
func badNames() map[string]string {
	return map[string]string{
		"upwards":            "../../../etc/passwd",
		"one up":             "..",
		"here":               ".",
		"path":               "a/b",
		"absolute":           "/etc/passwd",
		"empty":              "",
		"newline":            "a\nnode_count = 9",
		"tab":                "a\tb",
		"stanza":             "a\n\ncluster:\n\tname = b",
		"escape":             "a\x1b[2J",
		"longer than a line": strings.Repeat("n", 10_000),
	}
}

// oddNames are names that the C tools take, and so do the commands that replace
// them: they are written and found again, and do no harm.
func oddNames() map[string]string {
	return map[string]string{
		"blank":         "a b",
		"option":        "-rf",
		"command":       "$(touch pwned)",
		"backtick":      "`touch pwned`",
		"semicolon":     "a;touch pwned",
		"format":        "%s%n",
		"beyond ASCII":  "knöten",
		"not UTF-8":     "a\xff",
		"right to left": "a\u202eb",
		"comment":       "a#b",
	}
}

// here is a system below a directory, with a cluster.conf.
func here(t testing.TB) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range map[string]string{
		"etc/ocfs2/cluster.conf":   strings.Replace(config, "10.9.0.1", "127.0.0.1", 1),
		"proc/self/mountinfo":      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n",
		"proc/filesystems":         "\text4\n",
		"proc/modules":             "",
		"proc/sys/kernel/hostname": "node0\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// contents lists what is below a directory, with the content of the files.
func contents(t testing.TB, root string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", "cd \"$1\" && find . ! -name '*.lock' | sort && cat etc/ocfs2/cluster.conf", "sh", root).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestNames gives bad names to each command that takes a name. They are refused in
// one line of which a terminal can show every letter, and nothing is made by them.
func TestNames(t *testing.T) {
	for kind, name := range badNames() {
		t.Run(kind, func(t *testing.T) {
			root := here(t)
			before := contents(t, root)
			for _, command := range namings(t, root, name) {
				checkRefused(t, command)
			}
			if after := contents(t, root); after != before {
				t.Errorf("there is now\n%.2000s", after)
			}
		})
	}
	for kind, name := range oddNames() {
		t.Run(kind, func(t *testing.T) {
			root := here(t)
			for _, command := range namings(t, root, name) {
				cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
				cmd.Dir = t.TempDir()
				// It may be taken or not; a program that crashes has status 2.
				if output, err := cmd.CombinedOutput(); err != nil && strings.Contains(string(output), "goroutine ") {
					t.Errorf("%q: %s", command, output)
				}
				if entries, err := os.ReadDir(cmd.Dir); err != nil || len(entries) > 0 {
					t.Errorf("%q made %v, %v", command, entries, err)
				}
			}
			for _, verb := range []string{"online", "apply"} {
				checkRefused(t, []string{rig.Tool(t, "o2cb_ctl"), "--root", root, verb, "--", name})
			}
			out, err := exec.CommandContext(t.Context(), rig.Tool(t, "o2cb"), "--config-file="+filepath.Join(root, "etc/ocfs2/cluster.conf"), "list-nodes", "web").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "name = node1") {
				t.Errorf("the file cannot be read any more: %v, %s", err, out)
			}
		})
	}
}

// namings are the commands that take a name.
func namings(t testing.TB, root, name string) [][]string {
	t.Helper()
	file := filepath.Join(root, "etc/ocfs2/cluster.conf")
	ctl := func(args ...string) []string {
		return append([]string{rig.Tool(t, "o2cb_ctl"), "--root", root}, args...)
	}
	o2cb := func(args ...string) []string {
		return append([]string{rig.Tool(t, "o2cb"), "--config-file=" + file}, args...)
	}
	node := func(name, cluster, address, port string) []string {
		return ctl("-C", "-n", name, "-t", "node", "-a", "cluster="+cluster, "-a", "number=5", "-a", "ip_address="+address, "-a", "ip_port="+port)
	}
	all := [][]string{
		o2cb("add-cluster", name),
		o2cb("add-node", "web", name, "--ip", "10.9.0.9"),
		o2cb("add-node", name, "n", "--ip", "10.9.0.9"),
		o2cb("remove-cluster", name),
		o2cb("remove-node", "web", name),
		o2cb("heartbeat-mode", name, "global"),
		o2cb("add-heartbeat", "web", name),
		ctl("-C", "-n", name, "-t", "cluster"),
		node(name, "web", "10.9.0.9", "7777"),
		node("n", name, "10.9.0.9", "7777"),
		node("n", "web", name, "7777"),
		node("n", "web", "10.9.0.9", name),
		ctl("-H", "-n", "node1", "-t", "node", "-a", "ip_address="+name),
		ctl("-D", "-n", name, "-t", "node"),
	}
	if name != "" { // which is no name at all to these: they take the only cluster
		all = append(all, ctl("online", "--", name), ctl("plan", "--", name))
	}
	return all
}

// checkRefused runs a command that must fail and say why in one line.
func checkRefused(t testing.TB, command []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = t.TempDir()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	message := stderr.String()
	if err == nil {
		t.Errorf("%.200q succeeded", command)
	}
	if message == "" || strings.ContainsAny(message, "\r\x1b\t\u202e\x00") || !isText(message) {
		t.Errorf("%.200q says %.300q", command, message)
	}
	if entries, err := os.ReadDir(cmd.Dir); err != nil || len(entries) > 0 {
		t.Errorf("%.200q made %v, %v", command, entries, err)
	}
}

// isText tells whether there is only what UTF-8 has.
func isText(s string) bool { return strings.ToValidUTF8(s, "") == s }

// TestSettingsRunNothing has shell commands in the settings file. The file is refused
// with its line, and nothing of it is run.
func TestSettingsRunNothing(t *testing.T) {
	for _, path := range []string{"etc/sysconfig/o2cb", "etc/default/o2cb"} {
		for _, line := range []string{
			"O2CB_HEARTBEAT_THRESHOLD=$(touch pwned; echo 31)",
			"O2CB_HEARTBEAT_THRESHOLD=`touch pwned`",
			"O2CB_IDLE_TIMEOUT_MS=\"$(touch pwned)\"",
			"touch pwned",
			"O2CB_NODE=node0; touch pwned",
			". ./evil",
			"O2CB_NODE=node0 && touch pwned",
			"O2CB_NODE=${X:=$(touch pwned)}",
		} {
			root := here(t)
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, path), []byte("# settings\n"+line+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			before := contents(t, root)
			for _, verb := range [][]string{{"online"}, {"apply", "--yes"}, {"plan"}} {
				cmd := exec.CommandContext(t.Context(), rig.Tool(t, "o2cb_ctl"), append([]string{"--root", root}, verb...)...)
				cmd.Dir = root
				output, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(string(output), filepath.Join(root, path)+":2:") {
					t.Errorf("%s with %s: %v, %s", verb[0], line, err, output)
				}
			}
			if after := contents(t, root); after != before {
				t.Errorf("%s: there is now\n%s", line, after)
			}
		}
	}
}
