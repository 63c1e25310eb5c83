// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestNodes(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.Disk("data", "4M"), lab.Disk("second", "1M"))
	for i, n := range c.Nodes() {
		r := n.MustShell("hostname; getent hosts node0 node1 | awk '{print $1, $2}'")
		want := []string{"node0", "node1"}[i] + "\n10.9.0.1 node0\n10.9.0.2 node1\n"
		if r.Stdout != want {
			t.Errorf("%s: got %q, want %q", n.Name(), r.Stdout, want)
		}
	}
	t.Run("shared disk", func(t *testing.T) { testSharedDisk(t, c) })
	t.Run("power cut", func(t *testing.T) { testPowerCut(t, c) })
	t.Run("host untouched", func(t *testing.T) { testHostUntouched(t, c.Node(0)) })
	t.Run("crash", func(t *testing.T) { testCrash(t, c.Node(1)) })
}

// testSharedDisk writes on one node and reads on the other and on the host.
func testSharedDisk(t *testing.T, c *lab.Cluster) {
	if got, want := c.Disk(0)+" "+c.Disk(1), "/dev/ubda /dev/ubdb"; got != want {
		t.Fatalf("disks are %s, want %s", got, want)
	}
	for i, size := range []string{"4194304", "1048576"} {
		text := "written to disk " + size
		c.Node(0).MustRunCommand(lab.Command{
			Args:  []string{"dd", "of=" + c.Disk(i), "conv=fsync,notrunc", "bs=512", "seek=3", "status=none"},
			Stdin: strings.NewReader(text),
		})
		r := c.Node(1).MustShell("blockdev --getsize64 " + c.Disk(i) +
			"; dd if=" + c.Disk(i) + " iflag=direct bs=512 skip=3 count=1 status=none")
		if !strings.HasPrefix(r.Stdout, size+"\n"+text) {
			t.Errorf("disk %d on the other node: got %q", i, strings.Trim(r.Stdout, "\x00"))
		}
		file, err := os.ReadFile(c.DiskFile(i))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(file[3*512:], []byte(text)) {
			t.Errorf("disk %d: the file of the host does not have it", i)
		}
	}
}

// testPowerCut: the disk stays, memory does not, and the network is there again.
func testPowerCut(t *testing.T, c *lab.Cluster) {
	n := c.Node(1)
	n.MustShell("printf kept | dd of=" + c.Disk(0) + " conv=fsync,notrunc bs=512 status=none; touch /var/gone")
	p := n.Start(lab.Command{Args: []string{"sh", "-c", "echo up; sleep 1000"}})
	p.WaitLine("up")
	off := n.Off()
	n.PowerOff()
	<-off
	if _, err := p.Await(t.Context()); !errors.Is(err, lab.ErrOff) {
		t.Errorf("a command under a power cut: got error %v, want ErrOff", err)
	}
	if r := p.Wait(); r.Status != -1 || r.Stdout != "up\n" {
		t.Errorf("a command under a power cut: got %+v", r)
	}
	if _, err := n.Exec(t.Context(), lab.Command{Args: []string{"true"}}); !errors.Is(err, lab.ErrOff) {
		t.Errorf("a command on a node that is off: got error %v, want ErrOff", err)
	}
	if r := ping(c.Node(0), "node1", "-c1", "-W1"); r.Status == 0 {
		t.Errorf("a node that is off answers: %s", r.Stdout)
	}
	n.Boot()
	if _, err := p.Await(t.Context()); !errors.Is(err, lab.ErrOff) {
		t.Errorf("a command of the boot before: got error %v, want ErrOff", err)
	}
	r := n.MustShell("head -c4 " + c.Disk(0) + "; test ! -e /var/gone")
	if r.Stdout != "kept" {
		t.Errorf("the disk has %q after a power cut, want kept", r.Stdout)
	}
	if r := ping(c.Node(0), "node1", "-c1", "-W20"); r.Status != 0 {
		t.Errorf("a node that is on again does not answer: %s%s", r.Stdout, r.Stderr)
	}
	n.Reboot()
	n.MustRun("true")
}

// testHostUntouched writes wherever a guest might reach the host.
func testHostUntouched(t *testing.T, n *lab.Node) {
	dir := t.TempDir()
	file := filepath.Join(dir, "host")
	if err := os.WriteFile(file, []byte("host"), 0o666); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(filepath.Dir(dir)) + "-from-the-guest"
	n.MustShell("echo guest > /etc/" + name + "; echo guest > /usr/" + name + "; mkdir -p " + dir + "; echo guest > " + file)
	// Even the mount below the overlay, which only process 1 holds, refuses.
	r := n.Shell("for d in /proc/1/fd/*; do [ -d $d/etc ] && echo guest > $d" + file + "; done")
	if !strings.Contains(r.Stderr, "Read-only file system") {
		t.Errorf("a write through process 1: got %+v, want a refusal", r)
	}
	for _, at := range []string{"/etc", "/usr"} {
		if _, err := os.Stat(filepath.Join(at, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s/%s on the host: %v", at, name, err)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "host" {
		t.Errorf("%s on the host: %q, %v", file, data, err)
	}
}

// testCrash: an end that nobody wanted fails what runs and shows the console; one
// that was announced does not.
func testCrash(t *testing.T, n *lab.Node) {
	crash := lab.Command{Args: []string{"sh", "-c", "echo c > /proc/sysrq-trigger; sleep 1000"}}
	_, err := n.Exec(t.Context(), crash)
	if err == nil || errors.Is(err, lab.ErrOff) || !strings.Contains(err.Error(), "sysrq") || !strings.Contains(err.Error(), n.Console()) {
		t.Errorf("a crash: got error %v, want the end of the console", err)
	}
	n.Boot()
	// A guest that resets must not come back by itself.
	n.ExpectOff()
	_, err = n.Exec(t.Context(), lab.Command{Args: []string{"sh", "-c", "echo b > /proc/sysrq-trigger; sleep 1000"}})
	if !errors.Is(err, lab.ErrOff) {
		t.Errorf("an announced reset: got error %v, want ErrOff", err)
	}
	<-n.Off()
	n.Boot()
}

// ping sends echo requests: the number and the patience are busybox options.
func ping(n *lab.Node, to string, options ...string) lab.Result {
	return n.RunCommand(lab.Command{Args: append(append([]string{"busybox", "ping"}, options...), to)})
}
