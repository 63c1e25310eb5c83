// SPDX-License-Identifier: Apache-2.0

package global

import (
	"fmt"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// estate is a lab with a volume on its first disk and nothing but a heartbeat
// area on each other one, made by Debian's tools for global heartbeat, and a file
// on every node that has them as regions.
type estate struct {
	*lab.Cluster
	t       *testing.T
	regions []string // UUIDs, by disk
}

// start boots an estate of so many nodes and disks, with the stack loaded.
func start(t *testing.T, nodes, disks int) *estate {
	t.Helper()
	options := []lab.Option{lab.Nodes(nodes), lab.Disk("volume", "64M")}
	for i := 1; i < disks; i++ {
		options = append(options, lab.Disk(fmt.Sprint("heartbeat", i), "16M"))
	}
	e := &estate{Cluster: lab.Start(t, options...), t: t}
	for i := range disks {
		e.regions = append(e.regions, e.format(i, "web"))
	}
	rig.Load(t, e.Cluster)
	rig.Configure(e.Cluster)
	for _, n := range e.Nodes() {
		n.MustRun(rig.Tool(t, "o2cb"), "heartbeat-mode", "web", "global")
		for _, region := range e.regions {
			n.MustRun(rig.Tool(t, "o2cb"), "add-heartbeat", "web", region)
		}
	}
	return e
}

// format makes what start describes on one disk and returns its UUID.
func (e *estate) format(disk int, cluster string) string {
	e.t.Helper()
	command := []string{"mkfs.ocfs2", "-F", "-q", "-x", "--cluster-stack=o2cb", "--cluster-name=" + cluster, "--global-heartbeat"}
	if disk == 0 {
		command = append(command, "-N", "4", "-J", "size=4M")
	} else {
		command = append(command, "-H")
	}
	e.Node(0).MustShell(strings.Join(append(command, e.Disk(disk)), " ") + " </dev/null")
	v, err := volume.Open(e.DiskFile(disk))
	if err != nil {
		e.t.Fatal(err)
	}
	return v.UUID
}

// rename makes a device of the device-mapper from a disk, which is to be used
// through that from now on.
func (e *estate) rename(n *lab.Node, disk int, name string) {
	e.t.Helper()
	n.MustShell(fmt.Sprintf(`set -e
		modprobe dm-mod
		dmsetup create %[1]s --table "0 $(blockdev --getsz %[2]s) linear %[2]s 0"
		dmsetup mknodes`, name, e.Disk(disk)))
}

// register puts the cluster into the kernel of every node, with low timeouts.
func (e *estate) register() {
	e.t.Helper()
	for _, n := range e.Nodes() {
		n.MustRun(rig.Tool(e.t, "o2cb"), "register-cluster", "web")
		rig.Hasten(n)
	}
}

// everywhere runs a command on all nodes side by side; it must succeed and print want.
func (e *estate) everywhere(want string, command ...string) {
	e.t.Helper()
	for i, p := range e.launch(command...) {
		if r := p.Wait(); r.Status != 0 || r.Stdout != want {
			e.t.Fatalf("%q on %s: %+v, want %q", command, e.Node(i).Name(), r, want)
		}
	}
}

// launch starts a command on all nodes.
func (e *estate) launch(command ...string) []*lab.Process {
	processes := make([]*lab.Process, len(e.Nodes()))
	for i, n := range e.Nodes() {
		processes[i] = n.Start(lab.Command{Args: command})
	}
	return processes
}

// state is what programs share on a node: the regions with their devices and the
// count of each, as Debian's tool tells it, and the semaphore sets.
func (e *estate) state(n *lab.Node) string {
	e.t.Helper()
	return n.MustShell(fmt.Sprintf(`
		cd %s && for r in */; do
			[ -d "$r" ] || continue
			echo "$(cat "$r/dev") $(ocfs2_hb_ctl -I -u "${r%%/}")"
		done | sort
		awk 'NR > 1 { print "semaphores", $1, $4 }' /proc/sysvipc/sem | sort`, directory)).Stdout
}

const directory = "/sys/kernel/config/cluster/web/heartbeat"

// wantRunning compares the regions that run on a node, and their counts.
func (e *estate) wantRunning(n *lab.Node, regions ...string) {
	e.t.Helper()
	state := e.state(n)
	if got := strings.Count(state, "semaphores"); got != len(regions) {
		e.t.Errorf("%s has %d semaphore sets, want %d:\n%s", n.Name(), got, len(regions), state)
	}
	for _, region := range regions {
		if !strings.Contains(state, region+": 1 refs\n") {
			e.t.Errorf("%s does not run region %s with one reference:\n%s", n.Name(), region, state)
		}
	}
	if got := strings.Count(state, " refs\n"); got != len(regions) {
		e.t.Errorf("%s runs %d regions, want %d:\n%s", n.Name(), got, len(regions), state)
	}
}

// refused runs a command that must fail with all of parts in its one line of error.
func (e *estate) refused(n *lab.Node, parts []string, command ...string) {
	e.t.Helper()
	r := n.Run(command[0], command[1:]...)
	if r.Status == 0 {
		e.t.Errorf("%q on %s succeeded: %s", command, n.Name(), r.Stdout)
	}
	if strings.Count(r.Stderr, "\n") != 1 {
		e.t.Errorf("%q says %q, want one line", command, r.Stderr)
	}
	for _, part := range parts {
		if !strings.Contains(r.Stderr, part) {
			e.t.Errorf("%q says %q, want %q in it", command, r.Stderr, part)
		}
	}
}
