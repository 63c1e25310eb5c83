// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"strings"
	"testing"
)

// TestConfigFS has configfs in every place and state but the usual one. Whatever
// cannot be done is refused whole; what can be done reaches the one tree that the
// kernel has, wherever it is seen.
func TestConfigFS(t *testing.T) {
	m := boot(t)
	offline := m.snapshot()
	online := func() string {
		t.Helper()
		m.MustRun(m.tool, "online")
		return m.snapshot()
	}
	up := online()

	t.Run("another cluster", func(t *testing.T) {
		m.MustRun(m.tool, "offline")
		m.MustRun("mkdir", clusters+"/other")
		m.refuse(m.tool+" online web", "other")
		m.refuse(m.tool+" apply --yes web", "other")
		m.refuse(m.o2cb+" register-cluster web", "other")
		m.refuse(m.addNode(), "other")
		m.MustRun("rmdir", clusters+"/other")
		online()
	})

	t.Run("read-only", func(t *testing.T) {
		const says = "read-only file system"
		m.MustRun("mount", "-o", "remount,ro", configfs)
		m.refuse(m.tool+" offline", says)
		m.refuse(m.addNode(), says)
		m.refuse(m.tool+" -D -u -n node1 -t node", says)
		m.refuse(m.o2cb+" unregister-cluster web", says)
		m.WriteFile("/etc/default/o2cb", []byte("O2CB_HEARTBEAT_THRESHOLD=7\n"), 0o644)
		m.refuse(m.tool+" apply --yes", says)
		m.MustRun("rm", "/etc/default/o2cb")
		m.MustRun(m.tool, "status")
		m.whole()
		m.MustRun("mount", "-o", "remount,rw", configfs)
	})

	t.Run("mounted twice", func(t *testing.T) {
		m.MustShell("mkdir /second; mount -t configfs none /second")
		m.MustRun(m.tool, "offline")
		if now := m.MustRun("ls", "/second/cluster").Stdout; now != "" {
			t.Errorf("after offline the other mount has %s", now)
		}
		m.MustShell("umount " + configfs)
		m.MustRun(m.tool, "online")
		if now := m.MustRun("ls", "/second/cluster").Stdout; now != "web\n" {
			t.Errorf("online by the other mount alone led to %q", now)
		}
		m.MustShell("mount -t configfs none " + configfs)
		m.MustRun(m.tool, "offline")
		m.MustRun(m.tool, "unload")
		if now := m.MustShell("grep -w configfs /proc/mounts").Stdout; !strings.Contains(now, " /second ") {
			t.Errorf("unload took somebody's mount: %s", now)
		}
		m.MustShell("umount /second")
		same(t, "unload", m.snapshot(), offline)
		same(t, "online", online(), up)
	})

	// A mount namespace of its own, as a container has: what is mounted there is
	// nobody else's, the kernel's cluster is everybody's.
	t.Run("in a container", func(t *testing.T) {
		inside := func(script string) string {
			t.Helper()
			return m.MustShell("unshare -m sh -ec 'umount " + configfs + " /dlm; " + script + "'").Stdout
		}
		mounts := m.MustRun("cat", "/proc/mounts").Stdout
		if now := inside(m.tool + " online"); !strings.Contains(now, "Cluster web is online") || strings.Contains(now, "add node") {
			t.Errorf("online inside says %s", now)
		}
		if now := m.Shell("unshare -m sh -ec 'umount " + configfs + " /dlm; " + m.tool + " load; exec " + m.tool + " unload'"); now.Status == 0 || !strings.Contains(now.Stderr, "cluster web is online") {
			t.Errorf("unload inside: %d, %s", now.Status, now.Stderr)
		}
		inside(m.tool + " load; " + m.tool + " offline")
		if now := m.MustRun("ls", clusters).Stdout; now != "" {
			t.Errorf("offline inside left %s", now)
		}
		inside(m.tool + " online")
		same(t, "online inside", m.snapshot(), up)
		same(t, "all that, outside", m.MustRun("cat", "/proc/mounts").Stdout, mounts)
		// Without a network of the host's.
		m.MustShell("unshare -n " + m.tool + " offline")
		m.refuse("unshare -n "+m.tool+" online", "10.9.0.1 is not: this host has no address")
		// Without the kernel's files.
		m.refuse("unshare -m sh -c 'mount -t tmpfs none /sys; exec "+m.tool+" online'", "o2cb_ctl: online: load: ")
		m.MustRun(m.tool, "online")
	})

	// Root of a user namespace is not the kernel's root.
	t.Run("in a container without privilege", func(t *testing.T) {
		nobody := "setpriv --reuid=65534 --regid=65534 --clear-groups unshare -U -r -m "
		for _, command := range []string{"offline", "online", "load", "unload", "apply --yes", "undo", "offline --force"} {
			m.refuse(nobody+m.tool+" "+command, "permission denied", "run the command as root")
		}
		if r := m.Shell(nobody + m.tool + " status"); r.Status != 0 || !strings.Contains(r.Stdout, "web, online") {
			t.Errorf("status: %d, %s%s", r.Status, r.Stdout, r.Stderr)
		}
	})
}
