// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// An initSystem is process 1 of a distribution.
type initSystem struct {
	name    string
	program []string
	install func(*testing.T, *lab.Node) // what it needs, before its first boot
	booted  string                      // a script that waits until the boot is over
	check   func(*testing.T, *lab.Node) // what it says of our services, with all of them up
	again   func(*testing.T, *lab.Node) // more that needs it up, after the reboot
	explain string                      // a script that prints what went wrong
	reboot  []string
	off     []string
}

// patience is a limit for a bug only: a machine that others use too may take minutes.
const patience = 10 * time.Minute

// TestBoot: the package is installed on a node, and from then on nobody does
// anything by hand there: it boots, reboots and shuts down, under one init and the
// other, while a neighbour writes to the volume.
func TestBoot(t *testing.T) {
	c := lab.Start(t, lab.Nodes(3), lab.Disk("data", "128M"), lab.KeepRoot("256M"),
		lab.BootLimit(patience), lab.RunLimit(patience))
	neighbour := c.Node(2)
	rig.Configure(c)
	deb := ourDeb(t)
	neighbour.WriteFile("/etc/default/o2cb", []byte(settings), 0o644)
	neighbour.MustRun(rig.Tool(t, "o2cb_ctl"), "online", rig.Name)
	neighbour.MustRun("mkfs.ocfs2", "-q", "-x", "-N", "4", "--cluster-stack=o2cb", "--cluster-name="+rig.Name, c.Disk(0))
	// In a guest without our package the kernel's helper is Debian's, which is as good.
	mounting := neighbour.Start(lab.Command{Args: []string{"mount", "-t", "ocfs2", c.Disk(0), mountAt}})
	systems := []initSystem{systemd, sysvinit}
	for i, system := range systems {
		n := c.Node(i)
		prepare(t, n)
		system.install(t, n)
		install(t, n, deb)
		fstab(c, n)
		n.MustRun("sync")
		n.PowerOff()
	}
	if r := mounting.Wait(); r.Status != 0 {
		t.Fatalf("mount on the neighbour: %s", r.Stderr)
	}
	writer := background(neighbour, "write", mountAt+"/neighbour")
	for i, system := range systems {
		t.Run(system.name, func(t *testing.T) { testBoot(t, system, c.Node(i), neighbour) })
	}
	stop(t, neighbour, writer)
	neighbour.MustRun("umount", mountAt)
	neighbour.MustRun("fsck.ocfs2", "-fn", c.Disk(0))
	unharmed(t, neighbour)
}

func testBoot(t *testing.T, system initSystem, n, neighbour *lab.Node) {
	bootUp(t, system, n)
	serves(t, system, n, neighbour)
	system.check(t, n)

	goOff(t, n, system.reboot)
	unharmed(t, neighbour)
	saidGoodbye(t, n, neighbour)
	bootUp(t, system, n)
	serves(t, system, n, neighbour)

	if system.again != nil {
		system.again(t, n)
		serves(t, system, n, neighbour)
	}
	goOff(t, n, system.off)
	unharmed(t, neighbour)
	saidGoodbye(t, n, neighbour)
}

// saidGoodbye sees to it that the last that the neighbour's lock manager heard of a
// node, of which it would else find out in a minute only, is that it leaves.
func saidGoodbye(t *testing.T, n, neighbour *lab.Node) {
	t.Helper()
	number := strings.TrimPrefix(n.Name(), "node")
	heard := regexp.MustCompile("o2dlm: Node "+number+" (joins|leaves) domain").FindAllStringSubmatch(console(t, neighbour), -1)
	if len(heard) == 0 || heard[len(heard)-1][1] != "leaves" {
		t.Errorf("the neighbour last heard %q of %s", heard, n.Name())
	}
}

func console(t *testing.T, n *lab.Node) string {
	t.Helper()
	text, err := os.ReadFile(n.Console())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// bootUp turns the node on and waits until its init says that all is done.
func bootUp(t *testing.T, system initSystem, n *lab.Node) {
	t.Helper()
	began := time.Now()
	n.BootInit(system.program[0], system.program[1:]...)
	// The last round of kills of a shutdown spares the lab's agent.
	n.MustShell("mkdir -p /run/sendsigs.omit.d; echo $PPID > /run/sendsigs.omit.d/lab")
	n.MustShell(system.booted)
	t.Logf("%s: up after %v", system.name, time.Since(began).Round(time.Second/10))
}

// serves sees to it that the node is in the cluster and has the volume mounted.
func serves(t *testing.T, system initSystem, n, neighbour *lab.Node) {
	t.Helper()
	if r := n.Run("mountpoint", mountAt); r.Status != 0 {
		t.Fatalf("%s%s\n%s", r.Stdout, r.Stderr, n.Shell(system.explain).Stdout)
	}
	if r := n.MustRun("o2cb", "cluster-status", rig.Name); !strings.Contains(r.Stdout, "online") {
		t.Errorf("cluster-status says %q", r.Stdout)
	}
	text := fmt.Sprint(time.Now().UnixNano())
	n.MustShell("echo " + text + " > " + mountAt + "/" + n.Name())
	if r := neighbour.MustRun("cat", mountAt+"/"+n.Name()); r.Stdout != text+"\n" {
		t.Errorf("the neighbour reads %q, want %q", r.Stdout, text)
	}
}

// goOff runs the command that shuts the node down and waits until it is off. Nothing
// may be left to do for a node that mounts the volume next.
func goOff(t *testing.T, n *lab.Node, command []string) {
	t.Helper()
	began := time.Now()
	n.ExpectOff()
	n.Start(lab.Command{Args: command})
	select {
	case <-n.Off():
	case <-time.After(patience):
		t.Fatalf("%v: still on; its console: %s", command, n.Console())
	}
	t.Logf("%v: off after %v", command, time.Since(began).Round(time.Second/10))
}

// trouble is what the kernel of a node says when another is found dead, and of itself.
var trouble = regexp.MustCompile(`(?i)begin replay|evicted|recovery (map|master)|fenc|error`)

// unharmed sees to it that the neighbour has found nobody dead.
func unharmed(t *testing.T, neighbour *lab.Node) {
	t.Helper()
	for line := range strings.Lines(console(t, neighbour)) {
		if trouble.MatchString(line) {
			t.Errorf("the neighbour's kernel says: %s", strings.TrimSpace(line))
		}
	}
}
