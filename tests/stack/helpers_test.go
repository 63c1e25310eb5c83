// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

const configFile = "/etc/ocfs2/cluster.conf"

// configure writes one cluster.conf with all nodes of the lab onto each of them.
func configure(t testing.TB, c *lab.Cluster) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "cluster:\n\tname = web\n\tnode_count = %d\n\n", len(c.Nodes()))
	for i, n := range c.Nodes() {
		fmt.Fprintf(&b, "node:\n\tname = %s\n\tcluster = web\n\tnumber = %d\n\tip_address = %s\n\tip_port = 7777\n\n", n.Name(), i, n.Addr())
	}
	for _, n := range c.Nodes() {
		n.WriteFile(configFile, []byte(b.String()), 0o644)
	}
}

// surroundings is what load must lead back to: the modules, the mounts without
// their numbers, and the directories that load may make.
func surroundings(t testing.TB, n *lab.Node) string {
	t.Helper()
	return n.MustShell(`
		cut -d' ' -f1 /proc/modules | sort
		cut -d' ' -f5- /proc/self/mountinfo | sort
		ls -d /dlm /config /sys/kernel/config /sys/fs/ocfs2 /sys/fs/o2cb /run/o2cb/load.json 2>/dev/null || true
	`).Stdout
}

// configTree is everything below the cluster directory of configfs, with values.
func configTree(t testing.TB, n *lab.Node) string {
	t.Helper()
	return n.MustShell(`
		cd /sys/kernel/config/cluster
		find . | sort | while read -r f; do
			if [ -d "$f" ]; then echo "$f/"; else echo "$f $(cat "$f")"; fi
		done
	`).Stdout
}

// same compares two texts and shows both when they differ.
func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: now\n%s\nand before\n%s", what, got, want)
	}
}

// says checks that a message holds all the given parts.
func says(t testing.TB, message string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(message, p) {
			t.Errorf("the message lacks %q: %s", p, message)
		}
	}
	if lines := strings.Count(strings.TrimRight(message, "\n"), "\n"); lines > 0 {
		t.Errorf("the message has %d lines: %s", lines+1, message)
	}
}

// makeVolume makes a volume of cluster web on the shared disk with Debian's tool.
func makeVolume(t testing.TB, c *lab.Cluster) {
	t.Helper()
	c.Node(0).MustRun("mkfs.ocfs2", "-q", "-x", "-J", "size=4M", "-b", "4096", "-C", "4096", "-N", "2",
		"--cluster-stack=o2cb", "--cluster-name=web", c.Disk(0))
}

// mountAll mounts the volume on all nodes at the same time, on /mnt/volume, with
// Debian's tool.
func mountAll(t testing.TB, c *lab.Cluster) {
	t.Helper()
	var mounts []*lab.Process
	for _, n := range c.Nodes() {
		mounts = append(mounts, n.Start(lab.Command{Args: []string{"sh", "-c", "mkdir /mnt/volume && mount.ocfs2 " + c.Disk(0) + " /mnt/volume"}}))
	}
	for i, m := range mounts {
		if r := m.Wait(); r.Status != 0 {
			t.Fatalf("mount on node %d: %s", i, r.Stderr)
		}
	}
}
