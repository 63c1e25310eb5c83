// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

// root is the repository's root, seen from this package's folder.
const root = "../.."

// device is the name that the pages give the disk with the volume.
const device = "/dev/sdb1"

// TestManual shows the manual on a node whose cluster runs, as the one in its examples:
// alpha is up and beats, beta is down. The kernel is Debian's own, which has debugfs and
// so knows who is live.
func TestManual(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Nodes(1), lab.Disk("data", "64M"))
	n := c.Node(0)
	n.MustShell("ln -s " + rig.Tool(t, "o2cb_ctl") + " /usr/local/sbin/o2cb_ctl; ln -s o2cb_ctl /usr/local/sbin/o2cb")
	online(t, c)
	t.Run("pages", func(t *testing.T) { testPages(t, n) })
	t.Run("examples", func(t *testing.T) { testExamples(t, n) })
	t.Run("completion", func(t *testing.T) { testCompletion(t, n) })
}

// online brings the cluster of the examples online on the one node, with a volume on
// its disk that beats.
func online(t *testing.T, c *lab.Cluster) {
	t.Helper()
	n := c.Node(0)
	config := "cluster:\n\tname = web\n\tnode_count = 2\n"
	for i, name := range []string{"alpha", "beta"} {
		config += fmt.Sprintf("\nnode:\n\tcluster = web\n\tnumber = %d\n\tname = %s\n\tip_address = 10.9.0.%d\n\tip_port = 7777\n", i, name, i+1)
	}
	n.WriteFile(rig.ConfigPath, []byte(config), 0o644)
	n.MustRun("o2cb_ctl", "online", "--local-node", "alpha")
	rig.Format(c)
	n.MustShell("mknod " + device + " b $(stat -c '0x%t 0x%T' " + c.Disk(0) + ")")
	n.MustRun("o2cb_ctl", "heartbeat", "start", device)
}

// pages reads the pages of the manual.
func pages(t *testing.T) []Page {
	t.Helper()
	all, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 6 {
		t.Fatalf("only %d pages", len(all))
	}
	return all
}

// testPages renders every page with man(1), which must warn of nothing, and looks for
// what must be on it.
func testPages(t *testing.T, n *lab.Node) {
	for _, p := range pages(t) {
		text, err := p.Roff("1.2.3")
		if err != nil {
			t.Error(err)
			continue
		}
		file := "/tmp/" + p.Name
		n.WriteFile(file, text, 0o644)
		r := n.MustShell("LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings=w " + file)
		if r.Stderr != "" {
			t.Errorf("man on %s: %s", p.Name, r.Stderr)
		}
		name := p.Name[:strings.LastIndex(p.Name, ".")]
		shown := strings.Join(strings.Fields(r.Stdout), " ") // however it is adjusted
		for _, want := range []string{" NAME " + name + " - ", " DESCRIPTION ", " SEE ALSO ", " o2cb-go 1.2.3 "} {
			if !strings.Contains(shown, want) {
				t.Errorf("%s shows no %q:\n%s", p.Name, want, r.Stdout)
			}
		}
		if strings.ContainsRune(r.Stdout, '‐') {
			t.Errorf("%s has typographic hyphens", p.Name)
		}
	}
}

// TestTitle shows that a page with another name than its title's is refused.
func TestTitle(t *testing.T) {
	for _, p := range []Page{{"o2cb.8", "# o2cb(7)\n\ntext\n"}, {"o2cb.8", "text\n"}, {"o2cb.8", ""}} {
		if _, err := p.Roff("1"); err == nil {
			t.Errorf("%+v is a page", p)
		}
	}
}

// TestRoffIsCopyable shows that a command in an example comes out as it stands: neither
// its dashes nor its quotes may turn into typographic ones.
func TestRoffIsCopyable(t *testing.T) {
	text, err := Page{"o2cb.8", "# o2cb(8)\n\n## NAME\n\no2cb - x\n\n```\no2cb -v 'a' `b` ~ ^ \\n\n```\n\nBy **--all** and --none.\n"}.Roff("1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`o2cb \-v \(aqa\(aq \(gab\(ga \(ti \(ha \\n`, `\fB\-\-all\fP and \-\-none`, "\n.RS 4\n.EX\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
