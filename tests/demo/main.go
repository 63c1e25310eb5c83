// SPDX-License-Identifier: Apache-2.0

// Command demo shows the product on a real two-node cluster, from the file to a
// lock that survives its holder. It is what `make demo` runs; CI runs it too.
// What it shows is told once: the tests check it more strictly.
package main

import (
	"os"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func main() {
	lab.Play(map[string]func([]string) int{"count": count, "hold": hold})
	r := lab.NewReporter("demo", os.Stderr)
	told := r.Run(func() {
		s := newStory(r, os.Stdout)
		s.say("Booting two Linux kernels, node0 and node1, with a network and two disks between them.")
		s.tell(lab.Start(r, lab.Nodes(2), lab.Disk("data", "64M"), lab.Disk("counter", "1M")))
	})
	if !told {
		os.Exit(1)
	}
}
