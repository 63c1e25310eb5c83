// SPDX-License-Identifier: Apache-2.0

package guide

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

const root = "../.."

func TestMain(m *testing.M) { lab.Main(m, nil) }

func TestBlocks(t *testing.T) {
	blocks, err := Blocks("On alpha:\n\n```sh\none\n```\n\nOn every\nOn every node:\n```sh\ntwo\nthree\n```\n")
	want := []Block{{4, "on alpha", "one\n"}, {10, "on every node", "two\nthree\n"}}
	if err != nil || len(blocks) != 2 || blocks[0] != want[0] || blocks[1] != want[1] {
		t.Errorf("got %v and %v, want %v", blocks, err, want)
	}
	for _, page := range []string{
		"```sh\nnowhere\n```\n",
		"On alpha:\n# heading\n```sh\nnowhere\n```\n",
		"On alpha:\n```sh\nfirst\n```\n```sh\nnowhere\n```\n",
		"On alpha:\n```\nunmarked\n```\n",
		"On alpha:\n```sh\nopen\n",
	} {
		if blocks, err := Blocks(page); err == nil {
			t.Errorf("%q: got %v and no error", page, blocks)
		}
	}
}

// patience is a limit for a bug only: a machine that others use too may take minutes.
const patience = 10 * time.Minute

// prelude is what the lab has instead of a package archive: apt that installs the
// files in the working directory and, by name, those of the host.
const prelude = `set -e
export DEBIAN_FRONTEND=noninteractive
apt() {
	action=$1; shift
	for package; do
		case $action:$package in
		install:*/*) dpkg --force-depends --install "$package" ;;
		install:*) dpkg --force-depends --install /opt/"$package"_*.deb ;;
		remove:*) dpkg --remove "$package" ;;
		esac
	done
}
cd /root
`

// TestPages types the pages, each into two nodes of its own.
func TestPages(t *testing.T) {
	for _, page := range []string{"docs/guide.md", "README.md"} {
		t.Run(page, func(t *testing.T) { testPage(t, page) })
	}
}

// testPage runs every block where the page says, those for every node on all of
// them at once. The names and addresses of the page are put into the lab's.
func testPage(t *testing.T, page string) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := Blocks(string(text))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("%s: %d blocks, %v", page, len(blocks), err)
	}
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "128M"), lab.BootLimit(patience), lab.RunLimit(patience))
	for _, n := range c.Nodes() {
		push(t, n, "bin/dist/*.deb", "/root", "make dist")
		push(t, n, ".cache/debs/ocfs2-tools_*.deb", "/opt", "make packages")
		// A host that is a container refuses to start services, and has no fstab of ours.
		n.MustShell("rm -f /usr/sbin/policy-rc.d /var/lib/man-db/auto-update; : > /etc/fstab")
	}
	names := strings.NewReplacer("alpha", c.Node(0).Name(), "beta", c.Node(1).Name(),
		"192.0.2.1", c.Node(0).Addr(), "192.0.2.2", c.Node(1).Addr(), "/dev/sdb1", c.Disk(0))
	for _, b := range blocks {
		run(t, page, b, names.Replace(b.Text), nodes(c, b.Where))
	}
	for _, n := range c.Nodes() {
		n.MustShell("umount -a -t ocfs2")
	}
	c.Node(0).MustRun("fsck.ocfs2", "-fn", c.Disk(0))
}

// nodes returns the groups of nodes that a block is typed on, one group after the other.
func nodes(c *lab.Cluster, where string) [][]*lab.Node {
	switch where {
	case "on alpha":
		return [][]*lab.Node{{c.Node(0)}}
	case "on beta", "on any node":
		return [][]*lab.Node{{c.Node(1)}}
	case "on one node after the other":
		return [][]*lab.Node{{c.Node(0)}, {c.Node(1)}}
	}
	return [][]*lab.Node{c.Nodes()}
}

func run(t *testing.T, page string, b Block, script string, groups [][]*lab.Node) {
	t.Helper()
	for _, group := range groups {
		var typed []*lab.Process
		for _, n := range group {
			typed = append(typed, n.Start(lab.Command{Args: []string{"sh", "-c", prelude + script}}))
		}
		for i, p := range typed {
			if r := p.Wait(); r.Status != 0 {
				t.Fatalf("%s:%d, %s: status %d\n%s\n%s%s", page, b.Line, group[i].Name(), r.Status, b.Text, r.Stdout, r.Stderr)
			}
		}
	}
}

// push copies the one file of the host that matches a pattern.
func push(t *testing.T, n *lab.Node, pattern, to, mend string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d files match %s (%v): %s", len(found), pattern, err, mend)
	}
	n.Push(found[0], filepath.Join(to, filepath.Base(found[0])))
}
