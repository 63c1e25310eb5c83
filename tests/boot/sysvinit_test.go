// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// sysvinit is Debian's other init, with its own boot and shutdown scripts in the
// order that insserv finds.
var sysvinit = initSystem{
	name:    "sysvinit",
	program: []string{"/sbin/init"},
	install: installSysvinit,
	// rc.local is the last script of a boot.
	booted:  "until [ -e /run/booted ]; do sleep 0.1; done",
	check:   checkScripts,
	explain: "ls /etc/rc*.d; ps axf; dmesg | tail -n 50",
	reboot:  []string{"shutdown", "-r", "now"},
	off:     []string{"shutdown", "-h", "-P", "now"},
}

func installSysvinit(t *testing.T, n *lab.Node) {
	args := []string{"--force-all", "--unpack"}
	for _, name := range []string{"sysvinit-core", "sysv-rc", "initscripts", "insserv", "startpar"} {
		deb := debianDeb(t, name)
		at := filepath.Join(debFolder, filepath.Base(deb))
		n.Push(deb, at)
		args = append(args, at)
	}
	dpkg(n, args...)
	// sysvinit-core itself is not configured: it would talk to process 1, the lab's.
	dpkg(n, "--force-all", "--configure", "insserv", "startpar", "sysv-rc", "initscripts")
	n.MustShell(`set -e
		# No terminals here for getty.
		grep -v getty /usr/share/sysvinit/inittab > /etc/inittab
		printf '#!/bin/sh\ntouch /run/booted\n' > /etc/rc.local
		chmod +x /etc/rc.local`)
}

func checkScripts(t *testing.T, n *lab.Node) {
	n.MustRun("/etc/init.d/o2cb", "status")
	t.Run("order", func(t *testing.T) {
		for level, want := range map[string][]string{
			"rc2.d": {"S..o2cb", "S..ocfs2"},
			"rc0.d": {"K..sendsigs", "K..ocfs2", "K..o2cb", "K..umountfs"},
			"rc6.d": {"K..sendsigs", "K..ocfs2", "K..o2cb", "K..umountfs"},
		} {
			// The links' names sort as they run.
			links := n.MustRun("ls", "/etc/"+level).Stdout
			if !regexp.MustCompile("(?s)" + strings.Join(want, "\n.*")).MatchString(links) {
				t.Errorf("%s: got\n%swant %q in this order", level, links, want)
			}
		}
	})
	t.Run("ocfs2", func(t *testing.T) { checkOCFS2(t, n) })
}

// checkOCFS2 takes init/ocfs2 through its actions, with every shell that may run it.
func checkOCFS2(t *testing.T, n *lab.Node) {
	run := func(shell, action string, status int, output string) {
		t.Helper()
		r := n.Shell(shell + " /etc/init.d/ocfs2 " + action)
		if r.Status != status || !strings.Contains(r.Stdout+r.Stderr, output) {
			t.Errorf("%s: %s ends with %d, want %d, and prints %q, want %q", shell, action, r.Status, status, r.Stdout+r.Stderr, output)
		}
	}
	// With another user of it the heartbeat goes on, and a mount takes no ten seconds.
	device := strings.Fields(string(n.Pull("/etc/fstab")))[0]
	n.MustRun("o2cb_ctl", "heartbeat", "start", device)
	for _, shell := range []string{"dash", "bash", "busybox sh"} {
		run(shell, "status", 0, "Configured OCFS2 mountpoints: "+mountAt+"\nActive OCFS2 mountpoints: "+mountAt+"\n")
		run(shell, "start", 0, "")
		run(shell, "stop", 0, "Unmounting OCFS2 volumes: "+mountAt+"\n")
		run(shell, "status", 3, "Configured OCFS2 mountpoints: "+mountAt+"\n")
		run(shell, "stop", 0, "")
		run(shell, "start", 0, "Mounting OCFS2 volumes: "+mountAt+"\n")
		run(shell, "nonsense", 2, "Usage: /etc/init.d/ocfs2 {start|stop|")
	}
	user := n.Start(lab.Command{Args: []string{"sh", "-c", "echo in; exec sleep 100000"}, Dir: mountAt})
	user.WaitLine("in")
	run("sh", "stop", 1, "ocfs2: still in use: "+mountAt+"\n")
	run("sh", "restart", 1, "sleep") // fuser's list of who uses it
	run("sh", "status", 0, "")
	user.Kill(syscall.SIGTERM)
	if r := user.Wait(); r.Signal != syscall.SIGTERM {
		t.Errorf("who used the volume had ended before: %+v", r)
	}
	n.MustRun("o2cb_ctl", "heartbeat", "stop", device)
}
