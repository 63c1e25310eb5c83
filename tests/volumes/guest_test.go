// SPDX-License-Identifier: Apache-2.0

package volumes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
)

// guests are lab nodes with the modules loaded, the cluster online and a volume
// on the shared disk.
type guests struct {
	*lab.Cluster
	t      *testing.T
	region string
}

func startGuests(t *testing.T, nodes int) *guests {
	t.Helper()
	g := &guests{Cluster: lab.Start(t, lab.Nodes(nodes), lab.Disk("data", "64M")), t: t}
	g.Node(0).MustShell("mkfs.ocfs2 -F -q -b 4096 -C 4K -N 4 -J size=4M -L data --cluster-stack=o2cb --cluster-name=" + clusterName + " " + disk + " </dev/null")
	v, err := volume.Open(g.DiskFile(0))
	if err != nil {
		t.Fatal(err)
	}
	g.region = v.UUID
	for i, n := range g.Nodes() {
		n.MustShell("modprobe -a ocfs2_stack_o2cb ocfs2 && mount -t configfs configfs " + mountPoint)
		g.self(n, nil, "online", fmt.Sprint(i), fmt.Sprint(nodes))
	}
	return g
}

// self runs a role, which must succeed, and decodes what it printed last.
func (g *guests) self(n *lab.Node, result any, role string, args ...string) {
	g.t.Helper()
	r := n.RunSelf(role, args...)
	if r.Status != 0 {
		g.t.Fatalf("%s %q on %s: status %d\n%s%s", role, args, n.Name(), r.Status, r.Stdout, r.Stderr)
	}
	g.decode(r.Stdout, result)
}

// decode reads the last line that a role printed.
func (g *guests) decode(stdout string, result any) {
	g.t.Helper()
	if result == nil {
		return
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), result); err != nil {
		g.t.Fatalf("%v in %q", err, stdout)
	}
}

// start starts the region with a persistent reference.
func (g *guests) start(n *lab.Node, args ...string) startResult {
	g.t.Helper()
	var r startResult
	g.self(n, &r, "start", append([]string{"persistent"}, args...)...)
	return r
}

// together runs commands on n at the same time, all of which must succeed.
func (g *guests) together(n *lab.Node, commands ...lab.Command) {
	g.t.Helper()
	var processes []*lab.Process
	for _, c := range commands {
		processes = append(processes, n.Start(c))
	}
	for i, p := range processes {
		if r := p.Wait(); r.Status != 0 {
			g.t.Errorf("%s on %s: status %d: %s", commands[i], n.Name(), r.Status, r.Stderr)
		}
	}
}

// stop drops a persistent reference.
func (g *guests) stop(n *lab.Node) (stopped bool) {
	g.t.Helper()
	g.self(n, &stopped, "stop", g.region)
	return stopped
}

// refuses runs a role that has to fail, with all of texts in its error.
func (g *guests) refuses(n *lab.Node, texts []string, role string, args ...string) {
	g.t.Helper()
	r := n.RunSelf(role, args...)
	if r.Status != 1 {
		g.t.Errorf("%s %q: status %d, want a refusal\n%s", role, args, r.Status, r.Stdout)
	}
	for _, text := range texts {
		if !strings.Contains(r.Stderr, text) {
			g.t.Errorf("%s %q: no %q in %q", role, args, text, r.Stderr)
		}
	}
}

// wantReferences asks our package and, where there is a count, ocfs2_hb_ctl;
// where there is none that program would leave a semaphore set behind.
func (g *guests) wantReferences(n *lab.Node, want int) {
	g.t.Helper()
	var got int
	g.self(n, &got, "references", g.region)
	if got != want {
		g.t.Errorf("%s counts %d references, want %d", n.Name(), got, want)
	}
	if got < 0 {
		g.wantNoSemaphores(n)
		return
	}
	said := n.MustRun("ocfs2_hb_ctl", "-I", "-u", g.region).Stdout
	if line := fmt.Sprintf("%s: %d refs\n", g.region, want); said != line {
		g.t.Errorf("ocfs2_hb_ctl -I on %s says %q, want %q", n.Name(), said, line)
	}
}

// wantNoSemaphores fails when any semaphore set is in the guest.
func (g *guests) wantNoSemaphores(n *lab.Node) {
	g.t.Helper()
	if sets := n.MustRun("cat", "/proc/sysvipc/sem").Stdout; strings.Count(sets, "\n") != 1 {
		g.t.Errorf("semaphore sets on %s:\n%s", n.Name(), sets)
	}
}

// wantRegion says whether the kernel of n has the region.
func (g *guests) wantRegion(n *lab.Node, want bool) {
	g.t.Helper()
	got := n.Run("test", "-d", g.directory()).Status == 0
	if got != want {
		g.t.Errorf("region in the kernel of %s: %t, want %t", n.Name(), got, want)
	}
}

func (g *guests) directory() string {
	return mountPoint + "/cluster/" + clusterName + "/heartbeat/" + g.region
}
