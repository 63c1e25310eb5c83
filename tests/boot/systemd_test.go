// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// systemd is Debian's own init.
var systemd = initSystem{
	name:    "systemd",
	program: []string{"/lib/systemd/systemd"},
	install: func(*testing.T, *lab.Node) {},
	// "degraded" is when any unit has failed, which check looks at.
	booted: `until case $(systemctl is-system-running --wait 2>/dev/null) in running|degraded) ;; *) false;; esac; do sleep 0.1; done`,
	check:  checkUnits,
	again:  changePackage,
	explain: `systemctl --failed; systemctl status --no-pager o2cb.service srv.mount remote-fs-pre.target
		journalctl --no-pager -b`,
	reboot: []string{"systemctl", "reboot"},
	off:    []string{"systemctl", "poweroff"},
}

// checkActive sees to it that all units are up.
func checkActive(t *testing.T, n *lab.Node) {
	t.Helper()
	for _, unit := range []string{"o2cb.service", "o2hbmonitor.service", "ocfs2.service", "srv.mount"} {
		if r := n.Run("systemctl", "is-active", unit); r.Stdout != "active\n" {
			t.Errorf("%s is %q: %s", unit, strings.TrimSpace(r.Stdout), n.Run("systemctl", "status", unit).Stdout)
		}
	}
}

// checkUnits looks at where the units come from, what they could not do, and at how
// they are written.
func checkUnits(t *testing.T, n *lab.Node) {
	checkActive(t, n)
	r := n.MustRun("systemctl", "show", "--property=FragmentPath", "--value", "o2cb.service")
	if r.Stdout != "/lib/systemd/system/o2cb.service\n" {
		t.Errorf("o2cb.service comes from %q, not from the package: the init script has won", r.Stdout)
	}
	r = n.MustRun("systemctl", "show", "--property=FragmentPath", "--value", "srv.mount")
	if r.Stdout != "/run/systemd/generator/srv.mount\n" {
		t.Errorf("srv.mount comes from %q: systemd has not mounted what fstab lists", r.Stdout)
	}
	// A missing capability or system call of a unit says so, of whatever the kernel refused.
	r = n.MustRun("journalctl", "--no-pager", "-b", "-u", "o2cb", "-u", "ocfs2", "-u", "o2hbmonitor", "-u", "srv.mount")
	if strings.Contains(r.Stdout, "not permitted") {
		t.Errorf("a unit lacks a right:\n%s", r.Stdout)
	}
	if r := n.Run("systemd-analyze", "verify", "o2cb.service", "o2hbmonitor.service", "ocfs2.service"); r.Status != 0 || r.Stderr+r.Stdout != "" {
		t.Errorf("systemd-analyze verify ends with %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
	checkExposure(t, n)
	t.Run("control device", func(t *testing.T) {
		// Without Debian's rule, which says the same.
		r := n.MustShell(`rm -f /lib/udev/rules.d/51-ocfs2.rules && udevadm control --reload
			modprobe ocfs2_stack_user && udevadm settle
			stat -c %a /dev/ocfs2_control && readlink -f /dev/misc/ocfs2_control
			modprobe -r ocfs2_stack_user`)
		if want := "660\n/dev/ocfs2_control\n"; r.Stdout != want {
			t.Errorf("got %q, want %q", r.Stdout, want)
		}
	})
}

// changePackage upgrades, removes and installs our package under a running systemd:
// nothing of the cluster is stopped, and in the end the units are up.
func changePackage(t *testing.T, n *lab.Node) {
	running := "grep " + mountAt + " /proc/self/mountinfo; ls -id /sys/kernel/config/cluster/" + rig.Name
	before := n.MustShell(running).Stdout
	install(t, n, ourDeb(t))
	dpkg(n, "--remove", "o2cb")
	install(t, n, ourDeb(t))
	if after := n.MustShell(running).Stdout; after != before {
		t.Errorf("an upgrade, a removal and an installation changed\n%s\nto\n%s", before, after)
	}
	checkActive(t, n)
}

// checkExposure compares what docs/packages.md says of each unit's exposure with what
// systemd says.
func checkExposure(t *testing.T, n *lab.Node) {
	text, err := os.ReadFile(filepath.Join(root, "docs/packages.md"))
	if err != nil {
		t.Fatal(err)
	}
	units := []string{"o2cb.service", "o2hbmonitor.service", "ocfs2.service"}
	r := n.MustRun("systemd-analyze", append([]string{"security", "--no-pager"}, units...)...)
	for _, unit := range units {
		told := regexp.MustCompile("`" + regexp.QuoteMeta(unit) + "` \\| ([0-9.]+)").FindSubmatch(text)
		is := regexp.MustCompile("level for " + regexp.QuoteMeta(unit) + ": ([0-9.]+)").FindStringSubmatch(r.Stdout)
		if told == nil || is == nil || string(told[1]) != is[1] {
			t.Errorf("exposure of %s: docs/packages.md says %q, systemd %q", unit, told, is)
		}
	}
}
