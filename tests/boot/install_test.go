// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

const (
	root      = "../.."
	mountAt   = "/srv"
	hbCtl     = "/sbin/ocfs2_hb_ctl"
	debFolder = "/opt/debs" // where a guest has the packages
)

// settings is a settings file that starts the cluster at boot. The timeouts are the
// kernel's own: nobody is to die here, on a busy machine neither.
const settings = `# Kept by every package.
O2CB_ENABLED=true
O2CB_BOOTCLUSTER=` + rig.Name + `
O2CB_HEARTBEAT_THRESHOLD=31
O2CB_IDLE_TIMEOUT_MS=30000
O2CB_KEEPALIVE_DELAY_MS=2000
O2CB_RECONNECT_DELAY_MS=2000
`

// built returns the file that matches a pattern below the repository, the one there is.
func built(t *testing.T, pattern, mend string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 {
		t.Fatalf("%d files match %s, want one: %s", len(found), pattern, mend)
	}
	return found[0]
}

func ourDeb(t *testing.T) string { return built(t, "bin/dist/*.deb", "make dist") }

func debianDeb(t *testing.T, name string) string {
	return built(t, ".cache/debs/"+name+"_*.deb", "make packages")
}

// prepare makes a guest a machine of its own, with Debian's ocfs2-tools as dpkg
// installs them, whatever this host runs and starts.
func prepare(t *testing.T, n *lab.Node) {
	t.Helper()
	n.MustShell(`set -e
		rm -f /usr/sbin/policy-rc.d     # a host that is a container refuses to start services
		rm -f /var/lib/man-db/auto-update
		rm -rf /etc/systemd/system/* /etc/rc?.d/*
		find /etc/init.d -type f ! -name o2cb ! -name ocfs2 -delete
		ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
		systemctl --root=/ preset remote-fs.target
		: > /etc/fstab
		: > /etc/machine-id`)
	install(t, n, debianDeb(t, "ocfs2-tools"))
	n.WriteFile("/etc/default/o2cb", []byte(settings), 0o644)
}

// install has dpkg install a package of the host. What it depends on is there, in
// whatever way, which dpkg may not know.
func install(t *testing.T, n *lab.Node, deb string) lab.Result {
	t.Helper()
	at := filepath.Join(debFolder, filepath.Base(deb))
	n.Push(deb, at)
	return dpkg(n, "--force-depends", "--install", at)
}

func dpkg(n *lab.Node, args ...string) lab.Result {
	return n.MustRunCommand(lab.Command{
		Args: append([]string{"dpkg"}, args...),
		Env:  []string{"DEBIAN_FRONTEND=noninteractive"},
	})
}

// ours reports whether the names that scripts and the kernel call are this project's.
func ours(t *testing.T, n *lab.Node, want bool) {
	t.Helper()
	for _, name := range []string{"/sbin/o2cb_ctl", "/sbin/o2cb", hbCtl, "/usr/sbin/o2hbmonitor"} {
		// The C programs are no Go programs.
		r := n.Run("grep", "-q", "github.com/o2cb-go/o2cb", name)
		if got := r.Status == 0; got != want || r.Status > 1 {
			t.Errorf("%s on %s: ours is %v (%s), want %v", name, n.Name(), got, r.Stderr, want)
		}
	}
	for _, name := range []string{"/etc/init.d/o2cb", "/etc/init.d/ocfs2"} {
		if r := n.Run("grep", "-q", "SPDX-License-Identifier: Apache-2.0", name); (r.Status == 0) != want {
			t.Errorf("%s on %s: ours is %v, want %v", name, n.Name(), r.Status == 0, want)
		}
	}
}

// state prints all that packages may put into the places of both, for comparison.
func state(n *lab.Node) string {
	return n.MustShell(`cd / && for f in usr/sbin/* etc/init.d/* etc/rc?.d/* etc/o2cb usr/share/man/man[578]/*; do
			case ${f##*/} in *o2*|*ocfs2*) ;; *) continue;; esac
			[ ! -d "$f" ] || { echo "$f/"; continue; }
			echo "$f" $(readlink "$f" || md5sum < "$f")
		done
		dpkg --verify ocfs2-tools
		dpkg-divert --list '*o2cb*'
		md5sum etc/default/o2cb`).Stdout
}

// fstab lists the volume of the first disk.
func fstab(c *lab.Cluster, n *lab.Node) {
	n.WriteFile("/etc/fstab", fmt.Appendf(nil, "%s %s ocfs2 _netdev 0 0\n", c.Disk(0), mountAt), 0o644)
}
