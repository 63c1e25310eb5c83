// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestQEMU shows on the stock kernel what the first kernel lacks, and that the
// rest of the lab is the same there: one boot of two nodes for all of it.
func TestQEMU(t *testing.T) {
	c := lab.Start(t, lab.QEMU(), lab.Nodes(2), lab.Processors(2), lab.Disk("data", "4M"))
	n := c.Node(0)
	if r := n.MustRun("nproc"); r.Stdout != "2\n" {
		t.Errorf("got %s processors, want 2", r.Stdout)
	}
	n.MustShell("mount -t debugfs debugfs /sys/kernel/debug && modprobe ocfs2_dlmfs && test -d /sys/kernel/debug/o2hb")
	if !strings.HasSuffix(c.Kernel(), "-amd64") {
		t.Errorf("kernel is %s, want a stock one", c.Kernel())
	}
	if r := n.RunSelf("status", "x"); r.Status != 77 || r.Stdout != "node0 x\n" {
		t.Errorf("RunSelf: got %+v", r)
	}
	testHostUntouched(t, n)

	n.MustShell("printf shared | dd of=" + c.Disk(0) + " conv=fsync,notrunc bs=512 status=none")
	if r := c.Node(1).MustShell("head -c6 " + c.Disk(0)); r.Stdout != "shared" {
		t.Errorf("the other node reads %q from the disk", r.Stdout)
	}
	if data, err := os.ReadFile(c.DiskFile(0)); err != nil || string(data[:6]) != "shared" {
		t.Errorf("the file of the disk has %q, %v", data[:6], err)
	}

	if r := ping(n, "node1", "-c1", "-W60"); r.Status != 0 {
		t.Errorf("node1 does not answer: %+v", r)
	}
	c.CutOneWay(1, 0)
	if r := ping(n, "node1", "-c2", "-i0.1", "-W1"); r.Status == 0 {
		t.Errorf("an answer through a cut: %s", r.Stdout)
	}
	c.Heal()
	c.Node(1).PowerOff()
	n.MustRun("true")
}

// A guest that gets nowhere is started again, and not for ever.
func TestStartedAgain(t *testing.T) {
	var out strings.Builder
	r := lab.NewReporter(t.Name(), &out)
	if r.Run(func() { lab.Start(r, lab.QEMU(), lab.Nodes(1), lab.BootLimit(3*time.Millisecond)) }) {
		t.Fatal("a guest was up within a millisecond")
	}
	const late = "boot node0: not up after 1ms"
	if got := out.String(); strings.Count(got, late) != 3 || strings.Count(got, "; once more\n") != 2 {
		t.Errorf("it said:\n%s", got)
	}
}
