// SPDX-License-Identifier: Apache-2.0

// Command labshell boots two nodes, brings them online and gives a shell in the
// first, with the second as its peer. It is what `make lab-shell` runs. A test
// has no use for it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

const welcome = `
Two nodes, node0 (this one) and node1, share %s, an OCFS2 volume, and %s, an empty disk.
Both are online; the volume's heartbeat has not been started. To go on:

  o2cb_ctl status
  mount -t ocfs2 %s /mnt
  exit                          (ends both nodes)

`

func main() {
	r := lab.NewReporter("lab-shell", os.Stderr)
	ok := r.Run(func() {
		c := lab.Start(r, lab.Nodes(2), lab.Disk("data", "256M"), lab.Disk("spare", "256M"))
		rig.Online(r, c)
		rig.Format(c)
		fmt.Printf(welcome, c.Disk(0), c.Disk(1), c.Disk(0))
		shell(r, c.Node(0))
	})
	if !ok {
		os.Exit(1)
	}
}

// shell runs a shell on the node until its user leaves it. What the last command
// in it returned is the user's affair.
func shell(r *lab.Reporter, n *lab.Node) {
	path := filepath.Dir(rig.Tool(r, "o2cb_ctl"))
	_, err := n.Interactive(os.Stdin, os.Stdout, "env", "PATH="+path+":/usr/sbin:/usr/bin:/sbin:/bin", "bash", "--norc", "-i")
	if err != nil {
		r.Fatalf("%v", err)
	}
}
