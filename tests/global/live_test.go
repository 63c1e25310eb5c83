// SPDX-License-Identifier: Apache-2.0

package global

import (
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestLiveChange adds and removes regions under a mounted volume and a held lock.
// The kernel lets one go while more than three run, whatever volume it is on.
func TestLiveChange(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 4)
	n := e.Node(0)
	o2cb, ctl := rig.Tool(t, "o2cb"), rig.Tool(t, "o2cb_ctl")
	a, b, c, d := e.regions[0], e.regions[1], e.regions[2], e.regions[3]
	n.MustRun(o2cb, "remove-heartbeat", "web", d)
	e.register()
	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	n.MustShell("mkdir /mnt/v && mount -t ocfs2 " + e.Disk(0) + " /mnt/v")
	holder := n.Start(lab.Command{Args: []string{ctl, "lock", "dom", "res", "--", "sh", "-c", "echo locked; until test -e /tmp/end; do sleep 0.1; done"}})
	holder.WaitLine("locked")
	conf := n.MustRun("cat", rig.ConfigPath).Stdout

	remove := func(region string) []string { return []string{ctl, "-D", "-t", "heartbeat", "-n", region, "-u"} }
	e.refused(n, []string{"stop heartbeat region " + c, "busy"}, remove(c)...)
	e.wantRunning(n, a, b, c)
	if now := n.MustRun("cat", rig.ConfigPath).Stdout; now != conf {
		t.Errorf("the refusal changed the file to\n%s", now)
	}
	e.everywhere("Heartbeat region "+d+" created\n", ctl, "-C", "-t", "heartbeat", "-n", d, "-a", "cluster=web", "-i")
	e.wantRunning(n, a, b, c, d)
	e.everywhere("Heartbeat region "+a+" deleted\n", remove(a)...)
	e.wantRunning(n, b, c, d)
	e.refused(n, []string{"busy", "3 regions run"}, remove(b)...)
	e.wantRunning(n, b, c, d)
	n.MustShell("echo alive > /mnt/v/file && sync && umount /mnt/v")

	e.refused(n, []string{"lock domain dom is used by process", "with lock res", "stop the process"}, o2cb, "stop-heartbeat", "web")
	e.wantRunning(n, b, c, d)
	select {
	case <-holder.Done():
		t.Error("the holder was disturbed")
	default:
	}
	n.MustShell("touch /tmp/end")
	if r := holder.Wait(); r.Status != 0 {
		t.Errorf("the holder: %+v", r)
	}
	e.everywhere("Global heartbeat stopped\n", o2cb, "stop-heartbeat", "web")
	e.wantRunning(n)
}

// TestKilledStart kills a start of two regions in the kernel. One that is asked to
// end takes back what it has begun. Another process does the work, so that one that
// is killed comes to its end all the same, and the next run waits for it. Only when
// that process is killed there is something left that cannot be removed without
// danger: it is named, and nobody touches it.
func TestKilledStart(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 2)
	n := e.Node(0)
	o2cb := rig.Tool(t, "o2cb")
	e.register()
	const underWay = "until [ \"$(cat " + directory + "/*/pid 2>/dev/null | grep -c .)\" = 2 ]; do sleep 0.1; done"

	p := n.Start(lab.Command{Args: []string{o2cb, "start-heartbeat", "web"}})
	n.MustShell(underWay)
	p.Kill(syscall.SIGTERM)
	if r := p.Wait(); r.Status != 1 || !strings.Contains(r.Stderr, "context canceled") || r.Stdout != "" {
		t.Errorf("terminated: %+v", r)
	}
	e.wantRunning(n)

	p = n.Start(lab.Command{Args: []string{o2cb, "start-heartbeat", "web"}})
	n.MustShell(underWay)
	p.Kill(syscall.SIGKILL)
	p.Wait()
	e.everywhere("Global heartbeat started\n", o2cb, "start-heartbeat", "web")
	e.wantRunning(n, e.regions...)
	e.everywhere("Global heartbeat stopped\n", o2cb, "stop-heartbeat", "web")

	p = n.Start(lab.Command{Args: []string{o2cb, "start-heartbeat", "web"}})
	n.MustShell(underWay)
	n.MustShell("kill -9 $(pgrep -f ' start-regions$')")
	if r := p.Wait(); r.Status != 1 || !strings.Contains(r.Stderr, "gave no answer") {
		t.Errorf("with the process that starts regions killed: %+v", r)
	}
	for _, verb := range []string{"start-heartbeat", "stop-heartbeat"} {
		e.refused(n, []string{"by halves", "reboot this node"}, o2cb, verb, "web")
	}
	if left := n.MustShell("cd " + directory + " && ls -d */").Stdout; strings.Count(left, "\n") != 2 {
		t.Errorf("regions in the kernel: %q", left)
	}
}
