// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// A region that we started and ocfs2_hb_ctl shares, stopped by the C program.
func TestStartedByUs(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	g.wantReferences(n, -1)
	g.refuses(n, []string{"not running"}, "stop", g.region)
	g.wantNoSemaphores(n)

	if r := g.start(n, "noise"); !r.Started || r.Progress < 4 {
		t.Errorf("first start: %+v", r)
	}
	g.wantReferences(n, 1)
	if r := g.start(n); r.Started {
		t.Errorf("second start: %+v", r)
	}
	n.MustRun("ocfs2_hb_ctl", "-S", "-d", disk, "test")
	g.wantReferences(n, 3)
	for range 2 {
		if g.stop(n) {
			t.Error("the region stopped under the C program's reference")
		}
	}
	g.wantReferences(n, 1)
	g.wantRegion(n, true)
	n.MustRun("ocfs2_hb_ctl", "-K", "-d", disk, "test")
	g.wantRegion(n, false)
	g.wantReferences(n, -1)
}

// A region that ocfs2_hb_ctl started and a mounted volume uses, stopped by us.
func TestStartedByC(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	n.MustRun("ocfs2_hb_ctl", "-S", "-d", disk, "test")
	g.wantReferences(n, 1)
	if r := g.start(n); r.Started {
		t.Errorf("start of a region that runs: %+v", r)
	}
	n.MustRun("ocfs2_hb_ctl", "-K", "-u", g.region)
	g.wantReferences(n, 1)
	g.wantRegion(n, true)

	n.MustShell("mkdir -p /mnt/data && mount -t ocfs2 " + disk + " /mnt/data")
	g.wantReferences(n, 2)
	if g.stop(n) {
		t.Error("the region stopped under a mounted volume")
	}
	// Now the mount's own reference: what ocfs2_hb_ctl -K would lose.
	g.refuses(n, []string{"busy", g.region, "unmount"}, "stop", g.region)
	g.wantReferences(n, 1)
	g.wantRegion(n, true)
	n.MustShell("touch /mnt/data/alive && umount /mnt/data")
	g.wantRegion(n, false)
	g.wantReferences(n, -1)

	if r := g.start(n); !r.Started {
		t.Errorf("start after the unmount: %+v", r)
	}
	if !g.stop(n) {
		t.Error("the only reference did not stop the region")
	}
	g.wantRegion(n, false)
	g.wantReferences(n, -1)
}

// C and Go programs start and stop one region all at once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	at := func(c lab.Command, self ...string) {
		ours, err := lab.Self(self[0], self[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		g.together(n, ours, ours, ours, c, c, c)
	}
	at(lab.Command{Args: []string{"ocfs2_hb_ctl", "-S", "-d", disk, "test"}}, "start", "persistent")
	g.wantReferences(n, 6)
	at(lab.Command{Args: []string{"ocfs2_hb_ctl", "-K", "-d", disk, "test"}}, "stop", g.region)
	g.wantRegion(n, false)
	g.wantReferences(n, -1)
}

// A killed process loses its reference, its region goes on until somebody stops it.
func TestKilledHolder(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	p := n.StartSelf("start", "process")
	p.WaitLine("holding")
	g.wantReferences(n, 1)
	p.Kill(syscall.SIGKILL)
	p.Wait()
	g.wantReferences(n, 0)
	g.wantRegion(n, true)
	if !g.stop(n) {
		t.Error("the region without references did not stop")
	}
	g.wantRegion(n, false)
	g.wantReferences(n, -1)
}

// A cancelled start leaves nothing. A killed one leaves a region that nobody
// may touch: removing it can crash the kernel.
func TestInterruptedStart(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	p := n.StartSelf("start", "persistent")
	p.WaitLine("starting")
	n.MustShell(untilBeating(g))
	p.Kill(syscall.SIGTERM)
	if r := p.Wait(); r.Status != 1 || !strings.Contains(r.Stderr, "context canceled") || strings.Contains(r.Stderr, "cleaning up") {
		t.Errorf("cancelled start: %+v", r)
	}
	g.wantRegion(n, false)
	g.wantReferences(n, -1)

	p = n.StartSelf("start", "persistent")
	p.WaitLine("starting")
	n.MustShell(untilBeating(g))
	p.Kill(syscall.SIGKILL)
	p.Wait()
	g.wantRegion(n, true)
	for _, role := range [][]string{{"start", "persistent"}, {"stop", g.region}} {
		g.refuses(n, []string{"by halves", "reboot this node"}, role[0], role[1:]...)
	}
	g.wantRegion(n, true)
}

// untilBeating waits until the kernel's heartbeat thread for the region runs.
func untilBeating(g *guests) string {
	return "until [ -n \"$(cat " + g.directory() + "/dev 2>/dev/null)\" ]; do sleep 0.1; done"
}

// A disk that another node formats while this one has it open, and so its old
// superblock in the page cache, is what is on it now.
func TestFormattedElsewhere(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 2)
	p := g.Node(0).StartSelf("reformat", "/tmp/formatted")
	p.WaitLine("cached")
	g.Node(1).MustShell("dd if=/dev/zero of=" + disk + " bs=64k count=4 status=none; mkfs.ocfs2 -F -q -b 4096 -C 4K -N 4 -J size=4M --cluster-stack=o2cb --cluster-name=" + clusterName + " " + disk + " </dev/null")
	other, err := volume.Open(g.DiskFile(0))
	if err != nil || other.UUID == g.region {
		t.Fatalf("the disk was not formatted anew: %+v, %v", other, err)
	}
	g.Node(0).MustShell("touch /tmp/formatted")
	r := p.Wait()
	if r.Status != 0 {
		t.Fatal(r.Stderr)
	}
	var v volume.Volume
	g.decode(r.Stdout, &v)
	if v.UUID != other.UUID {
		t.Errorf("ReadFile sees volume %s, want %s", v.UUID, other.UUID)
	}
}

// What Start refuses is refused before the kernel is touched.
func TestRefusals(t *testing.T) {
	t.Parallel()
	g := startGuests(t, 1)
	n := g.Node(0)
	for options, text := range map[string]string{
		"--cluster-stack=o2cb --cluster-name=db":                     `belongs to another cluster: cluster "db"`,
		"--cluster-stack=o2cb --cluster-name=web --global-heartbeat": "for another heartbeat mode",
		"--cluster-stack=pcmk --cluster-name=web":                    `another cluster stack: stack "pcmk"`,
		"-M local": "belongs to no cluster",
	} {
		n.MustShell("wipefs -qa " + disk + "; dd if=/dev/zero of=" + disk + " bs=64k count=4 status=none; mkfs.ocfs2 -F -q -N 1 -J size=4M " + options + " " + disk + " </dev/null")
		g.refuses(n, []string{text}, "start", "persistent")
	}
	n.MustShell("echo global >" + mountPoint + "/cluster/web/heartbeat/mode")
	for options, text := range map[string]string{
		"": "made for local heartbeat, the kernel runs global", "--global-heartbeat": "heartbeat is global",
	} {
		n.MustShell("dd if=/dev/zero of=" + disk + " bs=64k count=4 status=none; mkfs.ocfs2 -F -q -N 1 -J size=4M --cluster-stack=o2cb --cluster-name=web " + options + " " + disk + " </dev/null")
		g.refuses(n, []string{text}, "start", "persistent")
	}
	if left := n.MustShell("ls -d " + mountPoint + "/cluster/web/heartbeat/*/ 2>/dev/null || :").Stdout; left != "" {
		t.Errorf("regions in the kernel: %s", left)
	}
	g.wantNoSemaphores(n)
}
