// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// TestInit: a root that is kept, and another program as process 1, under both kinds of machine.
func TestInit(t *testing.T) {
	for name, options := range map[string][]lab.Option{"uml": nil, "qemu": {lab.QEMU()}} {
		t.Run(name, func(t *testing.T) {
			c := lab.Start(t, append(options, lab.Nodes(1), lab.Disk("data", "1M"), lab.KeepRoot("16M"))...)
			n := c.Node(0)
			n.MustShell("echo kept > /opt/kept; echo gone > /run/gone; sync")
			n.PowerOff()

			n.BootInit("/bin/sh", "-c", "echo $$ > /run/first; exec sleep 100000")
			r := n.MustShell("cat /run/first /opt/kept; test ! -e /run/gone && cat /proc/1/comm")
			if want := "1\nkept\nsleep\n"; r.Stdout != want {
				t.Errorf("got %q, want %q", r.Stdout, want)
			}
			n.WriteFile("/opt/second", []byte("written"), 0o600)
			if got := string(n.Pull("/opt/second")); got != "written" {
				t.Errorf("pulled %q", got)
			}
			if r := n.RunSelf("status", "a"); r.Status != 77 {
				t.Errorf("this program in the guest: got %+v", r)
			}
			n.ExpectOff()
			n.Start(lab.Command{Args: []string{"sh", "-c", "echo o > /proc/sysrq-trigger; sleep 1000"}})
			<-n.Off()
		})
	}
}
