// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestScripts: shellcheck has nothing to say about any script that people install.
func TestScripts(t *testing.T) {
	var scripts []string
	for _, pattern := range []string{"init/o2cb", "init/ocfs2", "vendor-scripts/stage", "vendor-scripts/deb/p*", "vendor-scripts/rpm/p*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		scripts = append(scripts, found...)
	}
	cmd := lab.Host(t.Context(), t, "shellcheck", append([]string{"--shell=sh"}, scripts...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPackages: what lintian calls an error is none in the .deb, and both packages
// have all files.
func TestPackages(t *testing.T) {
	deb, rpm := ourDeb(t), built(t, "bin/dist/*.rpm", "make dist")
	c := lab.Start(t, lab.Nodes(1), lab.Memory("512M"), lab.BootLimit(patience), lab.RunLimit(patience))
	n := c.Node(0)
	n.Push(deb, "/opt/o2cb.deb")
	n.Push(rpm, "/opt/o2cb.rpm")
	t.Run("lintian", func(t *testing.T) {
		r := n.RunCommand(lab.Command{
			Args: []string{"lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", "/opt/o2cb.deb"}})
		if r.Status != 0 || r.Stdout != "" {
			t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
	})
	inDeb := n.MustShell("dpkg-deb --fsys-tarfile /opt/o2cb.deb | tar -t | sed 's|^\\.||; s|^/lib/|/usr/lib/|; s|/$||'").Stdout
	inRPM := n.MustRun("rpm", "--query", "--list", "--package", "/opt/o2cb.rpm").Stdout
	for name, list := range map[string]string{"deb": inDeb, "rpm": inRPM} {
		lines := strings.Split(list, "\n")
		for _, want := range contents(t) {
			found := false
			for _, line := range lines {
				found = found || line == want
			}
			if !found {
				t.Errorf("%s is not in the .%s:\n%s", want, name, list)
			}
		}
	}
	if r := n.MustRun("rpm", "--query", "--configfiles", "--package", "/opt/o2cb.rpm"); r.Stdout != "/etc/sysconfig/o2cb\n" {
		t.Errorf("configuration files of the .rpm: %q", r.Stdout)
	}
	if !strings.Contains(inRPM, "/usr/sbin/ocfs2_hb_ctl\n") {
		t.Errorf("the .rpm has no ocfs2_hb_ctl, which is nobody's else there")
	}
	if strings.Contains(inDeb, "/etc/") || strings.Contains(inDeb, "sbin/ocfs2_hb_ctl\n") {
		t.Errorf("the .deb has files that dpkg would take away or keep at the wrong time:\n%s", inDeb)
	}
}

// TestInstall: what "make install" writes knows where it was put, and Debian's init
// scripts are left alone.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	theirs := filepath.Join(dir, "conf/init.d/o2cb")
	if err := os.MkdirAll(filepath.Dir(theirs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, []byte("theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "make", "-s", "-C", root, "install",
		"DESTDIR="+dir, "PREFIX=/opt/o2cb", "SYSCONFDIR=/conf", "UNITDIR=/units", "UDEVDIR=/rules")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for file, want := range map[string]string{
		"units/o2cb.service":          "ExecStart=/opt/o2cb/sbin/o2cb_ctl service start --no-monitor\n",
		"units/ocfs2.service":         "ExecStart=/opt/o2cb/lib/o2cb/init/ocfs2 start\n",
		"units/o2hbmonitor.service":   "ExecStart=/opt/o2cb/sbin/o2hbmonitor -i\n",
		"rules/60-o2cb.rules":         "ocfs2_control",
		"opt/o2cb/lib/o2cb/init/o2cb": "/opt/o2cb/sbin/o2cb_ctl",
		"conf/init.d/o2cb":            "theirs",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, and no %q in it:\n%s", file, err, want, text)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "conf/init.d/ocfs2")); to != "/opt/o2cb/lib/o2cb/init/ocfs2" {
		t.Errorf("the link of ocfs2 leads to %q, %v", to, err)
	}
	if !strings.Contains(string(out), "left alone: ") {
		t.Errorf("install does not say what it left alone: %s", out)
	}
}

// contents lists what has to be in every package.
func contents(t *testing.T) []string {
	t.Helper()
	files := []string{
		"/usr/sbin/o2cb_ctl", "/usr/sbin/o2cb", "/usr/sbin/o2hbmonitor",
		"/usr/lib/o2cb/init/o2cb", "/usr/lib/o2cb/init/ocfs2",
		"/usr/lib/systemd/system/o2cb.service", "/usr/lib/systemd/system/o2hbmonitor.service",
		"/usr/lib/systemd/system/ocfs2.service", "/usr/lib/udev/rules.d/60-o2cb.rules",
		"/usr/share/o2cb/o2cb.sysconfig", "/usr/share/doc/o2cb/README.md",
	}
	for _, name := range []string{"o2cb_ctl", "o2cb", "ocfs2_hb_ctl", "o2hbmonitor"} {
		files = append(files, "/usr/share/bash-completion/completions/"+name,
			"/usr/share/fish/vendor_completions.d/"+name+".fish")
	}
	pages, err := os.ReadDir(filepath.Join(root, "docs/man"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		name := strings.TrimSuffix(page.Name(), ".md")
		files = append(files, "/usr/share/man/man"+name[len(name)-1:]+"/"+name+".gz")
	}
	return files
}

// TestDiverted: every man page of ours is one of ocfs2-tools', and both maintainer
// scripts know it.
func TestDiverted(t *testing.T) {
	files, err := os.ReadDir(filepath.Join(root, "docs/man"))
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, f := range files {
		pages = append(pages, strings.TrimSuffix(f.Name(), ".md"))
	}
	for _, script := range []string{"preinst", "postrm"} {
		text, err := os.ReadFile(filepath.Join(root, "vendor-scripts/deb", script))
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(text), "for page in ")
		list, _, _ = strings.Cut(list, ";")
		listed := strings.Fields(list)
		slices.Sort(listed)
		slices.Sort(pages)
		if !slices.Equal(listed, pages) {
			t.Errorf("%s diverts the pages %q, docs/man has %q", script, listed, pages)
		}
	}
}
