// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestLiveUpgrade: two nodes run Debian's C tools and write to a volume. Our package
// comes to one, then to the other, is upgraded, and goes again. Neither the mounts
// nor the writers notice, and no name that the kernel calls is missing at any time.
func TestLiveUpgrade(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "128M"), lab.BootLimit(patience), lab.RunLimit(patience))
	rig.Configure(c)
	for _, n := range c.Nodes() {
		prepare(t, n)
		n.MustRun("/etc/init.d/o2cb", "online", rig.Name)
	}
	rig.Format(c)
	together(t, c, "mount", "-t", "ocfs2", c.Disk(0), mountAt)
	before := state(c.Node(0))
	ours(t, c.Node(0), false)

	var watchers, writers []*lab.Process
	for _, n := range c.Nodes() {
		watchers = append(watchers, background(n, "watch", "/usr/sbin"))
		writers = append(writers, background(n, "write", mountAt+"/"+n.Name()))
	}
	mounts := mountsOf(c)

	deb := ourDeb(t)
	install(t, c.Node(0), deb)
	ours(t, c.Node(0), true)
	alive(t, c, "with our package on one node")
	install(t, c.Node(1), deb)
	ours(t, c.Node(1), true)
	alive(t, c, "with our package on both")

	t.Run("upgrades", func(t *testing.T) {
		n := c.Node(0)
		during := state(n)
		install(t, n, deb)
		install(t, n, debianDeb(t, "ocfs2-tools"))
		n.WriteFile("/etc/default/o2cb", []byte(settings), 0o644) // Debian's postinst wrote its own
		if after := state(n); after != during {
			t.Errorf("upgrades of both packages changed\n%s\nto\n%s", during, after)
		}
		ours(t, n, true)
	})
	t.Run("unmount and mount", func(t *testing.T) {
		// A third node would see the same: the helper of the one program ends what that of the other began.
		n := c.Node(1)
		stop(t, n, writers[1])
		n.MustRun("umount", mountAt)
		if r := n.MustShell("ls -d /sys/kernel/config/cluster/*/heartbeat/*/ 2>/dev/null || true"); r.Stdout != "" {
			t.Errorf("a heartbeat that the C program began is left: %s", r.Stdout)
		}
		n.MustRun("mount", "-t", "ocfs2", c.Disk(0), mountAt)
	})
	t.Run("failed installation", func(t *testing.T) {
		n := c.Node(1)
		dpkg(n, "--remove", "o2cb")
		n.MustShell("mkdir /usr/share/o2cb && mount -t tmpfs -o ro none /usr/share/o2cb")
		r := n.Run("dpkg", "--install", filepath.Join(debFolder, filepath.Base(deb)))
		if r.Status == 0 || !strings.Contains(r.Stderr, "Read-only") {
			t.Errorf("dpkg ends with %d: %s", r.Status, r.Stderr)
		}
		n.MustShell("umount /usr/share/o2cb; rmdir /usr/share/o2cb")
		if after := state(n); after != before {
			t.Errorf("a failed installation changed\n%s\nto\n%s", before, after)
		}
	})

	dpkg(c.Node(0), "--purge", "o2cb")
	ours(t, c.Node(0), false)
	if after := state(c.Node(0)); after != before {
		t.Errorf("installation and removal changed\n%s\nto\n%s", before, after)
	}
	alive(t, c, "with the C programs again")
	if after := mountsOf(c)[0]; after != mounts[0] {
		t.Errorf("the mount changed from %q to %q", mounts[0], after)
	}
	stop(t, c.Node(0), writers[0])
	for i, n := range c.Nodes() {
		n.MustRun("umount", mountAt)
		n.MustRun("/etc/init.d/o2cb", "offline", rig.Name)
		watchers[i].Kill(syscall.SIGTERM)
		if r := watchers[i].Wait(); strings.Contains(r.Stdout, "gone ocfs2_hb_ctl\n") || r.Stderr != "" {
			t.Errorf("%s was without %s: %s%s", n.Name(), hbCtl, r.Stdout, r.Stderr)
		}
	}
	c.Node(0).MustRun("fsck.ocfs2", "-fn", c.Disk(0))
}

// background starts a program of guest_test.go and waits until it works.
func background(n *lab.Node, role string, args ...string) *lab.Process {
	p := n.StartSelf(role, args...)
	p.WaitLine("ready")
	return p
}

// stop ends a writer, which has lost nothing and written all the time.
func stop(t *testing.T, n *lab.Node, writer *lab.Process) {
	t.Helper()
	writer.Kill(syscall.SIGTERM)
	r := writer.Wait()
	var count, longest int
	if _, err := fmt.Sscan(strings.TrimPrefix(r.Stdout, "ready\n"), &count, &longest); err != nil || r.Status != 0 || count == 0 {
		t.Fatalf("the writer on %s: status %d, %q: %s", n.Name(), r.Status, r.Stdout, r.Stderr)
	}
	t.Logf("%s wrote %d times, at most %d ms apart", n.Name(), count, longest)
}

// alive sees to it that both nodes are in the cluster and serve each other's files.
func alive(t *testing.T, c *lab.Cluster, when string) {
	t.Helper()
	for i, n := range c.Nodes() {
		n.MustRun("o2cb", "cluster-status", rig.Name)
		other := c.Node(1 - i)
		n.MustShell("echo " + n.Name() + " > " + mountAt + "/hello")
		if r := other.MustRun("cat", mountAt+"/hello"); r.Stdout != n.Name()+"\n" {
			t.Errorf("%s: %s reads %q", when, other.Name(), r.Stdout)
		}
	}
}

// mountsOf returns the line of the volume in each node's mountinfo, which has the
// mount's number: another mount has another.
func mountsOf(c *lab.Cluster) []string {
	var lines []string
	for _, n := range c.Nodes() {
		lines = append(lines, n.MustRun("grep", " "+mountAt+" ", "/proc/self/mountinfo").Stdout)
	}
	return lines
}

// together runs a command on all nodes side by side.
func together(t *testing.T, c *lab.Cluster, args ...string) {
	t.Helper()
	var all []*lab.Process
	for _, n := range c.Nodes() {
		all = append(all, n.Start(lab.Command{Args: args}))
	}
	for i, p := range all {
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("%v on %s: status %d: %s", args, c.Node(i).Name(), r.Status, r.Stderr)
		}
	}
}
