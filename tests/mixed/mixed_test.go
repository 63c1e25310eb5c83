// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

const mountPoint = "/mnt/volume"

// side is what an administrator types on a node. Shell; $DEV is the volume.
type side struct {
	name    string
	prepare string
	online  string
	start   string // adds a user to the heartbeat
	mount   string
	count   string // prints the users of the heartbeat
	lock    string // holds the lock res of domain dom while it runs sh -c "$1"
	try     string // fails when that lock is held elsewhere
	unmount string
	stop    string
	offline string
}

// debian is ocfs2-tools, as its init script and people use it. It has no command
// for locks: the shell opens the file.
var debian = side{
	name:    "debian",
	online:  "/etc/init.d/o2cb online web",
	start:   "ocfs2_hb_ctl -S -d $DEV o2cb",
	mount:   "mount.ocfs2 $DEV " + mountPoint,
	count:   `ocfs2_hb_ctl -I -d $DEV | sed -n 's/.*: \([0-9]*\) refs$/\1/p'`,
	lock:    `mkdir -p /dlm/dom; exec 3<>/dlm/dom/res; sh -c "$1"`,
	try:     `mkdir -p /dlm/dom; dd if=/dev/null of=/dlm/dom/res oflag=nonblock conv=notrunc 2>&1 | grep -q 'Text file busy' && exit 75`,
	unmount: "umount " + mountPoint,
	stop:    "ocfs2_hb_ctl -K -d $DEV o2cb",
	offline: "/etc/init.d/o2cb offline web",
}

// ours is the product, installed in the place of the C programs.
func ours(t *testing.T) side {
	dir := filepath.Dir(rig.Tool(t, "o2cb_ctl"))
	return side{
		name:    "ours",
		prepare: "for p in o2cb_ctl o2cb ocfs2_hb_ctl; do ln -sf " + dir + "/$p $(command -v $p); done",
		online:  "o2cb_ctl online",
		start:   "o2cb_ctl heartbeat start $DEV",
		mount:   "mount -t ocfs2 $DEV " + mountPoint,
		count:   `o2cb_ctl heartbeat status --json | sed -n 's/.*"references": \([0-9]*\).*/\1/p'`,
		lock:    `o2cb_ctl lock dom res -- sh -c "$1"`,
		try:     `o2cb_ctl lock --nonblock -E 75 dom res -- true`,
		unmount: "umount " + mountPoint,
		stop:    "o2cb_ctl heartbeat stop $DEV",
		offline: "o2cb_ctl offline",
	}
}

// node is a node with its side.
type node struct {
	*lab.Node
	side
	device string
}

func (n node) command(script string, args ...string) lab.Command {
	return lab.Command{Args: append([]string{"sh", "-c", script, "sh"}, args...), Env: []string{"DEV=" + n.device}}
}

func (n node) do(t *testing.T, script string, args ...string) string {
	t.Helper()
	r := n.RunCommand(n.command(script, args...))
	if r.Status != 0 {
		t.Fatalf("%s: %s: status %d: %s%s", n.name, script, r.Status, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// users checks how many users the heartbeat has, as the node's own tool counts.
func (n node) users(t *testing.T, want int) {
	t.Helper()
	if got := strings.TrimSpace(n.do(t, n.count)); got != fmt.Sprint(want) {
		t.Errorf("%s counts %q users, want %d", n.name, got, want)
	}
}

// bothDo runs what the nodes' sides say side by side.
func bothDo(t *testing.T, nodes []node, script func(side) string) {
	t.Helper()
	var running []*lab.Process
	for _, n := range nodes {
		running = append(running, n.Start(n.command(script(n.side))))
	}
	for i, p := range running {
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("%s: %s: status %d: %s%s", nodes[i].name, script(nodes[i].side), r.Status, r.Stdout, r.Stderr)
		}
	}
}

func TestDebianFirst(t *testing.T) { together(t, debian, ours(t)) }
func TestOursFirst(t *testing.T)   { together(t, ours(t), debian) }

// together runs the life of a cluster with one side on each node.
func together(t *testing.T, sides ...side) {
	c := lab.Start(t, lab.Nodes(len(sides)), lab.Disk("data", "64M"))
	rig.Configure(c)
	rig.Format(c)
	nodes := make([]node, len(sides))
	for i, s := range sides {
		nodes[i] = node{Node: c.Node(i), side: s, device: c.Disk(0)}
		nodes[i].do(t, "mkdir "+mountPoint+"; "+s.prepare)
		nodes[i].do(t, s.online)
	}
	same(t, nodes)
	bothDo(t, nodes, func(s side) string { return s.start })
	for _, n := range nodes {
		n.users(t, 1)
	}
	bothDo(t, nodes, func(s side) string { return s.mount })
	for _, n := range nodes {
		n.users(t, 2)
	}
	for i, n := range nodes {
		volumeLock(t, n, nodes[1-i])
		clusterLock(t, n, nodes[1-i])
	}
	for _, n := range nodes {
		n.do(t, n.unmount)
		n.users(t, 1)
	}
	bothDo(t, nodes, func(s side) string { return "rm -f /dlm/dom/*; rmdir /dlm/dom; " + s.stop })
	for _, n := range nodes {
		n.do(t, n.offline)
		// The C o2hbmonitor, which the init script starts, has a semaphore of its own.
		if left := n.do(t, "ls /sys/kernel/config/cluster; ipcs -s | grep ^0x | grep -v ^0x6f326862 || true"); left != "" {
			t.Errorf("%s leaves %q", n.name, left)
		}
	}
}

// same checks that both sides make the same cluster of the same file, but for
// which node is the local one.
func same(t *testing.T, nodes []node) {
	t.Helper()
	const tree = `cd /sys/kernel/config/cluster; find . -type f | sort | while read -r f; do
		case $f in */local) ;; *) echo "$f $(cat "$f")";; esac; done; ls /dlm`
	if a, b := nodes[0].do(t, tree), nodes[1].do(t, tree); a != b {
		t.Errorf("%s made\n%s\n%s made\n%s", nodes[0].name, a, nodes[1].name, b)
	}
}

// volumeLock: flock(2) on the volume excludes the other node, and what one writes
// under it the other reads.
func volumeLock(t *testing.T, holds, wants node) {
	t.Helper()
	const file = mountPoint + "/locked"
	holder := holds.Start(holds.command("exec flock " + file + " sh -c 'echo " + holds.name + " > " + mountPoint + "/word; echo held; exec sleep 1000'"))
	holder.WaitLine("held")
	if r := wants.RunCommand(wants.command("flock --nonblock " + file + " true")); r.Status != 1 {
		t.Errorf("%s has the lock that %s holds: status %d, %s", wants.name, holds.name, r.Status, r.Stderr)
	}
	waiter := wants.Start(wants.command("flock " + file + " cat " + mountPoint + "/word"))
	holder.Kill(unix.SIGKILL)
	holder.Wait()
	if r := waiter.Wait(); r.Status != 0 || r.Stdout != holds.name+"\n" {
		t.Errorf("%s after %s: status %d, %q, %s", wants.name, holds.name, r.Status, r.Stdout, r.Stderr)
	}
}

// clusterLock: a lock of dlmfs excludes the other node, and is granted to it as
// soon as its holder is gone.
func clusterLock(t *testing.T, holds, wants node) {
	t.Helper()
	holder := holds.Start(holds.command(holds.lock, "echo held; exec sleep 1000"))
	holder.WaitLine("held")
	if r := wants.RunCommand(wants.command(wants.try)); r.Status != 75 {
		t.Errorf("%s tries for the lock that %s holds: status %d, want 75 for busy: %s", wants.name, holds.name, r.Status, r.Stderr)
	}
	waiter := wants.Start(wants.command(wants.lock, "echo granted"))
	holder.Kill(unix.SIGKILL)
	holder.Wait()
	if r := waiter.Wait(); r.Status != 0 || r.Stdout != "granted\n" {
		t.Errorf("%s after %s: status %d, %q, %s", wants.name, holds.name, r.Status, r.Stdout, r.Stderr)
	}
}
