// SPDX-License-Identifier: Apache-2.0

package global

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// TestWholeOrNot starts what cannot be started beside what runs, and adds and
// removes single regions.
func TestWholeOrNot(t *testing.T) {
	t.Parallel()
	e := start(t, 1, 4)
	n := e.Node(0)
	o2cb, ctl := rig.Tool(t, "o2cb"), rig.Tool(t, "o2cb_ctl")
	file := func() string { return n.MustRun("cat", rig.ConfigPath).Stdout }
	a, b, c, foreign := e.regions[0], e.regions[1], e.regions[2], e.format(3, "db")
	n.MustRun(o2cb, "remove-heartbeat", "web", c)
	n.MustRun(o2cb, "remove-heartbeat", "web", e.regions[3])
	e.refused(n, []string{"cluster 'web' not registered"}, o2cb, "start-heartbeat", "web")
	e.register()

	r := n.MustRun(ctl, "heartbeat", "start", "--all", "--json")
	var report libo2cb.RegionsReport
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("%v in %q", err, r.Stdout)
	}
	if report.Cluster != "web" || len(report.Started) != 2 || len(report.Stopped) != 0 || len(report.Running) != 2 || r.Stderr != "" {
		t.Errorf("started %+v, errors %q", report, r.Stderr)
	}
	if again := n.MustRun(ctl, "heartbeat", "start", "--all").Stdout; again != "Heartbeat of cluster web: nothing changed, 2 regions run\n" {
		t.Errorf("again: %q", again)
	}
	e.wantRunning(n, a, b)
	before := e.state(n)

	// Debian's o2cb stops here what ran before.
	const nowhere = "00112233445566778899AABBCCDDEEFF"
	for _, bad := range []struct {
		region string
		parts  []string
	}{
		{nowhere, []string{"UUID " + nowhere, "no block device carries the volume"}},
		{foreign, []string{"region " + foreign, "belongs to another cluster", `"db"`}},
		{strings.ToLower(c), []string{"write the region as the volume's UUID"}},
	} {
		n.MustRun(o2cb, "add-heartbeat", "web", c)
		n.MustShell("printf '\\nheartbeat:\\n\\tcluster = web\\n\\tregion = " + bad.region + "\\n' >> " + rig.ConfigPath)
		e.refused(n, bad.parts, o2cb, "start-heartbeat", "web")
		if now := e.state(n); now != before {
			t.Errorf("with region %s: now\n%s\nand before\n%s", bad.region, now, before)
		}
		n.MustShell(o2cb + " remove-heartbeat web " + c + " && sed -i '/^$/d' " + rig.ConfigPath + " && head -n -3 " + rig.ConfigPath + " > /tmp/conf && cp /tmp/conf " + rig.ConfigPath)
	}

	// One region in both file and kernel, or in neither.
	if said := n.MustRun(ctl, "-C", "-t", "heartbeat", "-n", e.Disk(2), "-a", "cluster=web", "-i").Stdout; said != "Heartbeat region "+c+" created\n" {
		t.Errorf("-C -i says %q", said)
	}
	e.wantRunning(n, a, b, c)
	conf := file()
	if !strings.Contains(conf, c) {
		t.Errorf("the file lacks the region that was added:\n%s", conf)
	}
	e.refused(n, []string{"belongs to another cluster"}, ctl, "-C", "-t", "heartbeat", "-n", foreign, "-a", "cluster=web", "-i")
	e.refused(n, []string{"no block device carries"}, ctl, "-C", "-t", "heartbeat", "-n", nowhere, "-a", "cluster=web", "-i")
	if now := file(); now != conf {
		t.Errorf("refusals changed the file to\n%s", now)
	}
	e.wantRunning(n, a, b, c)
	if said := n.MustRun(ctl, "-D", "-t", "heartbeat", "-n", c, "-u").Stdout; said != "Heartbeat region "+c+" deleted\n" {
		t.Errorf("-D -u says %q", said)
	}
	e.wantRunning(n, a, b)

	// What is told at once when a device is added that will not start.
	r = n.MustRun(o2cb, "add-heartbeat", "web", e.Disk(3))
	if !strings.Contains(r.Stderr, "warning") || !strings.Contains(r.Stderr, "belongs to cluster db") {
		t.Errorf("add-heartbeat of a volume of another cluster says %q", r.Stderr)
	}
	n.MustRun(o2cb, "remove-heartbeat", "web", e.Disk(3))

	// The mode does not change while a region runs: the kernel ignores it.
	n.MustRun(o2cb, "heartbeat-mode", "web", "local")
	e.refused(n, []string{"heartbeat mode", "offline"}, o2cb, "register-cluster", "web")
	n.MustRun(o2cb, "heartbeat-mode", "web", "global")

	stopped := n.MustRun(ctl, "heartbeat", "stop", "--all").Stdout
	if strings.Count(stopped, ": stopped\n") != 2 {
		t.Errorf("stop --all says %q", stopped)
	}
	e.wantRunning(n)
}
