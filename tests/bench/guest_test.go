// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func(args []string) int{
		"lock":     role(compareLocks),
		"volume":   role(compareVolume),
		"check":    role(compareCheck),
		"register": role(compareRegister),
		"add":      role(compareAdd),
		"info":     role(compareInfo),
		"quick":    role(compareQuick),
		"crowd":    role(compareCrowd),
		"pair":     role(compareWalk),
		"walk":     walkAlone,
		"weigh":    weigh,
	})
}

// BenchmarkGuest compares what needs a kernel with the cluster stack: on one
// node that is online and beats.
func BenchmarkGuest(b *testing.B) {
	c := lab.Start(b, lab.Nodes(1), lab.Disk("data", "64M"))
	rig.Online(b, c)
	rig.Format(c)
	rig.Heartbeat(b, c)
	b.Run("Lock", func(b *testing.B) {
		report(b, inGuest(b, c, "lock"), lockBatch, ours, inC, openFlockClose)
	})
	b.Run("Volume", func(b *testing.B) {
		report(b, inGuest(b, c, "volume", rig.Tool(b, "o2cb_ctl"), c.Disk(0)), 1, ours, inC)
	})
}

// BenchmarkCluster compares what checks, changes and lists the largest cluster that
// can be, whole processes, in a guest with the stack loaded. The guest has the
// stock kernel: in User Mode Linux each page that a program touches costs a hundred
// times what it costs elsewhere, so that the figures there are those of the sizes of
// the programs and of nothing else.
func BenchmarkCluster(b *testing.B) {
	c := lab.Start(b, lab.Nodes(1), lab.QEMU())
	rig.Configure(c)
	rig.Load(b, c)
	tool := rig.Tool(b, "o2cb_ctl")
	b.Run("Check", func(b *testing.B) {
		report(b, inGuest(b, c, "check", tool), 1, ours, inC)
	})
	b.Run("Register", func(b *testing.B) {
		report(b, inGuest(b, c, "register", rig.Tool(b, "o2cb")), 1, ours, inC, raw)
	})
	b.Run("AddNode", func(b *testing.B) {
		report(b, inGuest(b, c, "add", tool), 1, ours, inC)
	})
	for _, state := range []string{"configured", "registered"} {
		b.Run("Info/"+state, func(b *testing.B) {
			report(b, inGuest(b, c, "info", tool, state), 1, ours, inC)
		})
	}
}

// inGuest makes a comparison in the guest.
func inGuest(b *testing.B, c *lab.Cluster, name string, args ...string) times {
	b.Helper()
	var all times
	for b.Loop() {
		r := c.Node(0).RunSelf(name, args...)
		if r.Status != 0 {
			b.Fatalf("comparison %q: status %d: %s", name, r.Status, r.Stderr)
		}
		var more times
		if err := json.Unmarshal([]byte(r.Stdout), &more); err != nil {
			b.Fatalf("comparison %q: %v: %s", name, err, r.Stdout)
		}
		all = append(all, more...)
	}
	return all
}

// role makes a program of a comparison, which prints the times.
func role(comparison func(args []string) (times, error)) func(args []string) int {
	return func(args []string) int {
		all, err := comparison(args)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(all)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}

// compareVolume PROGRAM DEVICE compares what our program and Debian's take to
// say what lies on a device.
func compareVolume(args []string) (times, error) {
	tool, device := args[0], args[1]
	return comparePrograms(
		program{path: tool, args: []string{"volume", device}, prints: rig.Name},
		program{path: "/sbin/mounted.ocfs2", args: []string{"-d", device}, prints: rig.Name})
}
