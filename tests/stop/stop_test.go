// SPDX-License-Identifier: Apache-2.0

package stop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/peers"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
	"golang.org/x/sys/unix"
)

const mountPoint = "/mnt/volume"

// TestStop stops a node whose volume and locks are in use, while another node is
// in the same cluster. One pair of nodes serves all parts: a heartbeat takes ten
// seconds to start.
func TestStop(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "64M"))
	rig.Online(t, c)
	rig.Format(c)
	mountBoth(t, c)
	for _, part := range []struct {
		name string
		test func(t *testing.T, c *lab.Cluster)
	}{
		{"refused", testRefused},
		{"obstacles", testObstacles},
		{"waiting in the kernel", testWaiting},
		{"interrupted", testInterrupted},
		{"force", testForce},
		{"unload", testUnload},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c) }) {
			t.FailNow()
		}
	}
}

func mountBoth(t *testing.T, c *lab.Cluster) {
	t.Helper()
	var mounts []*lab.Process
	for _, n := range c.Nodes() {
		mounts = append(mounts, n.Start(lab.Command{Args: []string{"sh", "-c", "mkdir -p " + mountPoint + " && mount -t ocfs2 " + c.Disk(0) + " " + mountPoint + " && mkdir -p /dlm/dom"}}))
	}
	for i, p := range mounts {
		if r := p.Wait(); r.Status != 0 {
			t.Fatalf("mount on node %d: %s", i, r.Stderr)
		}
	}
}

// user is a running role.
type user struct {
	*lab.Process
	pid int
}

func startUser(t *testing.T, n *lab.Node, role string, args ...string) user {
	t.Helper()
	u := user{Process: n.StartSelf(role, args...)}
	if _, err := fmt.Sscanf(u.WaitLine("ready"), "ready %d", &u.pid); err != nil {
		t.Fatal(err)
	}
	return u
}

// end ends the user as a person would who has SIGKILL only.
func (u user) end() {
	u.Kill(unix.SIGKILL)
	u.Wait()
}

// undisturbed checks that a role runs and has said nothing since it was ready.
func (u user) undisturbed(t *testing.T) {
	t.Helper()
	select {
	case <-u.Done():
		t.Errorf("process %d was ended", u.pid)
	default:
	}
	if got := u.Stdout(); got != fmt.Sprintf("ready %d\n", u.pid) {
		t.Errorf("process %d was disturbed: %q", u.pid, got)
	}
}

func tool(t *testing.T, n *lab.Node, args ...string) lab.Result {
	t.Helper()
	return n.Run(rig.Tool(t, "o2cb_ctl"), args...)
}

// refused runs o2cb_ctl, which must fail with one line that says all the parts,
// and leave configfs and the mounts as they are.
func refused(t *testing.T, n *lab.Node, args, parts []string) {
	t.Helper()
	before := state(n)
	r := tool(t, n, args...)
	if r.Status != 1 || strings.Count(r.Stderr, "\n") != 1 {
		t.Errorf("o2cb_ctl %q: status %d, %q", args, r.Status, r.Stderr)
	}
	for _, p := range parts {
		if !strings.Contains(r.Stderr, p) {
			t.Errorf("o2cb_ctl %q does not say %q: %s", args, p, r.Stderr)
		}
	}
	if after := state(n); after != before {
		t.Errorf("o2cb_ctl %q was refused and left\n%s\nof\n%s", args, after, before)
	}
}

// state is the tree of the cluster, the mounts and the lock domains.
func state(n *lab.Node) string {
	return n.MustShell(`find /sys/kernel/config/cluster | sort; grep ocfs2 /proc/self/mountinfo; find /dlm | sort; ipcs -s | wc -l`).Stdout
}

// testRefused: without force everybody is named, whatever way they use a volume.
func testRefused(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	n.MustShell("mkdir " + mountPoint + "/dir && cp /bin/sleep " + mountPoint + "/program")
	lock := startUser(t, n, "polite", "/dlm/dom/res")
	file := startUser(t, n, "polite", mountPoint+"/file")
	stands := startUser(t, n, "polite", "/dev/null", mountPoint+"/dir")
	program := n.Start(lab.Command{Args: []string{mountPoint + "/program", "1000"}})
	bystander := startUser(t, n, "polite", "/dev/null", "/mnt")
	says := []string{
		"cluster web is in use",
		c.Disk(0) + " is mounted on " + mountPoint + " (umount " + mountPoint + ") and used by",
		fmt.Sprintf("process %d (polite; open file)", file.pid),
		fmt.Sprintf("process %d (polite; working directory)", stands.pid),
		"(program; program)",
		fmt.Sprintf("lock domain dom is used by process %d (polite) with lock res", lock.pid),
	}
	refused(t, n, []string{"offline"}, says)
	refused(t, n, []string{"unload"}, says)
	if r := tool(t, n, "offline"); strings.Contains(r.Stderr, fmt.Sprint("process ", bystander.pid, " ")) {
		t.Errorf("the bystander %d is named: %s", bystander.pid, r.Stderr)
	}
	for _, u := range []user{lock, file, stands, bystander} {
		u.undisturbed(t)
		u.end()
	}
	program.Kill(unix.SIGKILL)
	program.Wait()
}

// testObstacles: what force does not take down keeps it from touching anything.
func testObstacles(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	lock := startUser(t, n, "polite", "/dlm/dom/res")
	refused(t, n, []string{"offline", "--force", "db"}, []string{"cluster db is not online, cluster web is"})
	refused(t, n, []string{"offline", "--grace", "1s"}, []string{"--grace is for --force"})

	n.MustShell("mkdir " + mountPoint + "/sub && mount -t tmpfs inner " + mountPoint + "/sub")
	refused(t, n, []string{"offline", "--force"}, []string{"inner is mounted on " + mountPoint + "/sub (umount " + mountPoint + "/sub)"})
	n.MustShell("umount " + mountPoint + "/sub")

	n.MustShell("truncate -s 1M " + mountPoint + "/image")
	loop := strings.TrimSpace(n.MustShell("modprobe loop; losetup -f --show " + mountPoint + "/image").Stdout)
	refused(t, n, []string{"unload", "--force"}, []string{"loop device " + loop + " is the file " + mountPoint + "/image (losetup -d " + loop + ")"})
	n.MustShell("losetup -d " + loop)

	before := state(n)
	r := n.Shell("cd " + mountPoint + " && " + rig.Tool(t, "o2cb_ctl") + " offline --force; exit $?")
	if r.Status != 1 || !strings.Contains(r.Stderr, "(sh), which this command runs under, has its working directory on "+mountPoint) {
		t.Errorf("from within the volume: status %d, %s", r.Status, r.Stderr)
	}
	if after := state(n); after != before {
		t.Errorf("the refused stop from within left\n%s\nof\n%s", after, before)
	}
	lock.undisturbed(t)
	lock.end()
}

// testWaiting: a process that waits in the kernel cannot be ended, so nobody else
// is either.
func testWaiting(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	holder := startUser(t, c.Node(1), "polite", "/dlm/dom/wanted")
	waiter := n.StartSelf("polite", "/dlm/dom/wanted")
	lock := startUser(t, n, "polite", "/dlm/dom/res")
	pid := strings.TrimSpace(n.MustShell(`
		until grep -l dlmfs_file_open /proc/[0-9]*/task/*/stack 2>/dev/null; do sleep 0.1; done | cut -d/ -f3 | head -1`).Stdout)
	refused(t, n, []string{"offline"}, []string{"process " + pid + " (polite) waits in the kernel for a lock that another node holds"})
	r := tool(t, n, "offline", "--force", "--grace", "4s")
	if r.Status != 1 || !strings.Contains(r.Stderr, "process "+pid+" (polite) waits in the kernel") ||
		!strings.Contains(r.Stderr, "no signal reaches it") || strings.Contains(r.Stdout, "terminate") {
		t.Errorf("status %d, %s%s", r.Status, r.Stdout, r.Stderr)
	}
	lock.undisturbed(t)
	lock.end()
	holder.end()
	waiter.WaitLine("ready")
	waiter.Kill(unix.SIGKILL)
	waiter.Wait()
}

// testInterrupted: an interrupt ends the wait, and no further rung follows.
func testInterrupted(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	deaf := startUser(t, n, "stubborn", mountPoint+"/file")
	before := state(n)
	stop := n.Start(lab.Command{Args: []string{rig.Tool(t, "o2cb_ctl"), "offline", "--force", "--grace", "1h"}})
	stop.WaitLine(fmt.Sprintf("terminate process %d (stubborn), which has an open file on %s, and wait up to 1h0m0s", deaf.pid, mountPoint))
	deaf.WaitLine("SIGTERM")
	stop.Kill(unix.SIGINT)
	if r := stop.Wait(); r.Status != 1 || !strings.Contains(r.Stderr, "cluster web is in use") ||
		!strings.Contains(r.Stderr, fmt.Sprintf("process %d (stubborn; open file)", deaf.pid)) || strings.Count(r.Stdout, "\n") != 1 {
		t.Errorf("status %d, %s%s", r.Status, r.Stdout, r.Stderr)
	}
	select {
	case <-deaf.Done():
		t.Error("the process was ended after the interrupt")
	default:
	}
	if after := state(n); after != before {
		t.Errorf("the interrupted stop left\n%s\nof\n%s", after, before)
	}
	deaf.end()
}

// testForce: everybody goes, in order, and nobody else.
func testForce(t *testing.T, c *lab.Cluster) {
	n := c.Node(0)
	n.MustShell("mkdir -p /mnt/volume2")
	gentle := startUser(t, n, "polite", mountPoint+"/file", mountPoint+"/dir")
	lock := startUser(t, n, "polite", "/dlm/dom/res")
	deaf := startUser(t, n, "stubborn", mountPoint+"/file")
	hears := startUser(t, n, "listener", "/dlm/dom/asked")
	bystander := startUser(t, n, "polite", "/mnt/volume2/file", "/mnt/volume2")
	// A mount namespace of its own keeps the volume mounted there.
	aside := n.Start(lab.Command{Args: []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", "cd /; echo ready $$; exec sleep 1000"}})
	aside.WaitLine("ready")
	n.MustRun(rig.Tool(t, "o2cb_ctl"), "heartbeat", "start", c.Disk(0)) // a second reference

	region := strings.TrimSpace(n.MustShell("basename $(dirname /sys/kernel/config/cluster/*/heartbeat/*/dev)").Stdout)

	r := tool(t, n, "offline", "--force", "--grace", "20s", "--json")
	if r.Status != 0 {
		t.Fatalf("status %d: %s%s", r.Status, r.Stderr, r.Stdout)
	}
	var report struct {
		libo2cb.Report
		Evicted []libo2cb.Eviction `json:"evicted"`
	}
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("%v in %s", err, r.Stdout)
	}
	var acts []string
	for _, e := range report.Evicted {
		if e.Object == peers.DomainName {
			continue // ours, which is there or not
		}
		acts = append(acts, strings.TrimSpace(fmt.Sprintln(e.Act, names(e.PID, map[int]string{gentle.pid: "gentle", lock.pid: "lock", deaf.pid: "deaf", hears.pid: "hears"}), e.Object)))
	}
	want := [][]string{{"ask lock", "ask hears"}, {"terminate gentle", "terminate lock", "terminate deaf"}, {"kill deaf"}, {"unmount  " + mountPoint, "unmount  " + mountPoint}, {"leave  dom", "stop  " + region}}
	checkActs(t, acts, want)
	if report.Cluster != rig.Name || report.Online || len(report.Steps) == 0 {
		t.Errorf("offline reports %+v", report.Report)
	}

	for who, u := range map[string]user{"gentle": gentle, "lock": lock} {
		if r := u.Wait(); r.Status != 0 || !strings.HasSuffix(r.Stdout, "\nSIGTERM\n") {
			t.Errorf("%s ended with %d after %q", who, r.Status, r.Stdout)
		}
	}
	if r := deaf.Wait(); r.Signal != unix.SIGKILL || !strings.HasSuffix(r.Stdout, "\nSIGTERM\n") {
		t.Errorf("deaf ended with signal %d after %q", r.Signal, r.Stdout)
	}
	bystander.undisturbed(t)
	for who, p := range map[string]*lab.Process{"hears": hears.Process, "aside": aside} {
		select {
		case <-p.Done():
			t.Errorf("%s was ended", who)
		default:
		}
	}
	if out := hears.Stdout(); !strings.HasSuffix(out, "\nasked\n") {
		t.Errorf("the listener said %q", out)
	}
	left := n.MustShell(`ls /sys/kernel/config/cluster /dlm; grep -h ' ocfs2 ' /proc/[0-9]*/mountinfo || true; ipcs -s | grep ^0x || true`).Stdout
	if left != "/dlm:\n\n/sys/kernel/config/cluster:\n" {
		t.Errorf("left is %q", left)
	}
	if r := c.Node(1).MustRun("stat", "-f", "-c", "%T", mountPoint); r.Stdout != "ocfs2\n" {
		t.Errorf("the other node has %q on %s", r.Stdout, mountPoint)
	}
	bystander.end()
	hears.end()
	aside.Kill(unix.SIGKILL)
	aside.Wait()
}

func names(pid int, known map[int]string) string {
	if name, ok := known[pid]; ok || pid == 0 {
		return name
	}
	return fmt.Sprint("process ", pid)
}

// checkActs compares acts with groups, the order within which is free.
func checkActs(t *testing.T, acts []string, groups [][]string) {
	t.Helper()
	rest := acts
	for _, g := range groups {
		if len(rest) < len(g) {
			t.Fatalf("the acts are %q, want %q", acts, groups)
		}
		got := slices.Sorted(slices.Values(rest[:len(g)]))
		if !slices.Equal(got, slices.Sorted(slices.Values(g))) {
			t.Fatalf("the acts are %q, want %q", acts, groups)
		}
		rest = rest[len(g):]
	}
	if len(rest) > 0 {
		t.Errorf("the acts are %q, want %q", acts, groups)
	}
}

// testUnload: unload --force is offline --force and then unload, in words.
func testUnload(t *testing.T, c *lab.Cluster) {
	n := c.Node(1)
	gentle := startUser(t, n, "polite", mountPoint+"/other")
	r := tool(t, n, "unload", "--force")
	if r.Status != 0 {
		t.Fatalf("status %d: %s%s", r.Status, r.Stderr, r.Stdout)
	}
	inOrder(t, r.Stdout,
		fmt.Sprintf("terminate process %d (polite), which has an open file on %s, and wait up to 10s\n", gentle.pid, mountPoint),
		"unmount "+mountPoint+"\n",
		"leave lock domain dom\n",
		"Cluster web is offline\n",
		"remove module")
	if r := gentle.Wait(); r.Status != 0 || !strings.HasSuffix(r.Stdout, "\nSIGTERM\n") {
		t.Errorf("gentle ended with %d after %q", r.Status, r.Stdout)
	}
	if r := tool(t, n, "unload", "--force"); r.Status != 0 || r.Stdout != "not loaded: nothing to do\n" {
		t.Errorf("again: status %d, %s%s", r.Status, r.Stdout, r.Stderr)
	}
}

// inOrder checks that a text has all the parts, one after the other.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Errorf("no %q in its place in %s", p, text)
			return
		}
		rest = after
	}
}
