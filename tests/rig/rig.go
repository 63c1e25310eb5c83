// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/tests/lab"
)

const (
	// Name is the cluster's name.
	Name = "web"
	// ConfigPath is where the product looks for its file.
	ConfigPath = "/etc/ocfs2/cluster.conf"
	// DeadThreshold is what Online sets: a node counts as dead after
	// (DeadThreshold − 1) × 2 s, eight seconds instead of a minute.
	DeadThreshold = 5
)

// Tool returns the path of the program under test, on the host and in a guest.
// `make build` makes it; the test fails when it is not there.
func Tool(tb lab.TB, name string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "staticcheck.conf")); err != nil {
			continue
		}
		tool := filepath.Join(dir, "bin", name)
		if _, err := os.Stat(tool); err != nil {
			tb.Fatalf("%s is not built: make build", tool)
		}
		return tool
	}
	tb.Fatalf("the working directory is not inside the repository")
	return ""
}

// Config returns a cluster.conf with all nodes of the lab.
func Config(c *lab.Cluster) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster:\n\tname = %s\n\tnode_count = %d\n", Name, len(c.Nodes()))
	for i, n := range c.Nodes() {
		fmt.Fprintf(&b, "\nnode:\n\tcluster = %s\n\tnumber = %d\n\tname = %s\n\tip_address = %s\n\tip_port = 7777\n",
			Name, i, n.Name(), n.Addr())
	}
	return b.String()
}

// Configure writes the file to every node.
func Configure(c *lab.Cluster) {
	for _, n := range c.Nodes() {
		n.WriteFile(ConfigPath, []byte(Config(c)), 0o644)
	}
}

// Load loads the stack on every node.
func Load(tb lab.TB, c *lab.Cluster) {
	tb.Helper()
	for _, n := range c.Nodes() {
		n.MustRun(Tool(tb, "o2cb_ctl"), "load")
	}
}

// Online writes the file to every node, brings all of them online, and lowers
// the timeouts.
func Online(tb lab.TB, c *lab.Cluster) {
	tb.Helper()
	Configure(c)
	for _, n := range c.Nodes() {
		n.MustRun(Tool(tb, "o2cb_ctl"), "online", Name)
		Hasten(n)
	}
}

// Hasten lowers the timeouts of a node that is online, before its first
// heartbeat: keepalive first, because the kernel wants it below the idle timeout.
func Hasten(n *lab.Node) {
	n.MustShell(fmt.Sprintf(`set -e
		cd /sys/kernel/config/cluster/%s
		echo %d > heartbeat/dead_threshold
		echo 1000 > keepalive_delay_ms
		echo 4000 > idle_timeout_ms
		echo 1000 > reconnect_delay_ms
		# The kernel ignores a threshold that comes too late.
		test "$(cat heartbeat/dead_threshold)" = %[2]d`, Name, DeadThreshold))
}

// Format makes an OCFS2 volume of this cluster on the first disk, with Debian's
// tool, and returns the command line that it used.
func Format(c *lab.Cluster) []string {
	command := []string{"mkfs.ocfs2", "-q", "-x", "-N", "4", "-L", "data",
		"--cluster-stack=o2cb", "--cluster-name=" + Name, c.Disk(0)}
	c.Node(0).MustRun(command[0], command[1:]...)
	return command
}

// Heartbeat starts the heartbeat of the first disk's volume on all nodes side
// by side, which takes the kernel ten seconds, and waits for all of them.
func Heartbeat(tb lab.TB, c *lab.Cluster) {
	tb.Helper()
	starts := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		starts[i] = n.Start(lab.Command{Args: []string{Tool(tb, "o2cb_ctl"), "heartbeat", "start", c.Disk(0)}})
	}
	for i, p := range starts {
		if r := p.Wait(); r.Status != 0 {
			tb.Fatalf("heartbeat on %s: status %d: %s", c.Node(i).Name(), r.Status, r.Stderr)
		}
	}
}
