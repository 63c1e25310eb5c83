// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// Descriptors that every machine is started with, after the standard three. The
// standard output and error output are the console file.
const (
	controlFD = 3 // stream: the control channel
	networkFD = 4 // packets: the network, one Ethernet frame each
)

// machine is a way to run a kernel.
type machine interface {
	// program returns the program that is the guest.
	program(h hardware) program
	// describe fills in what the agent must know about such a machine.
	describe(b *wire.Boot)
	// modules are the files that the agent loads before it can work, in order.
	modules() []string
	// inFlight is how many bytes the lab may have sent over the control channel that
	// the agent has not said to have received; more than wire.AckEvery.
	inFlight() int
	// freshFiles reports whether a guest sees a file of the host as it is now, also
	// when it has read it before.
	freshFiles() bool
	// starts is how often a guest may be started until it comes up.
	starts() int
	// disk returns the name of the disk of that index in a guest.
	disk(i int) string
}

// program is a program of the host that is a guest.
type program struct {
	path string
	args []string // from the name on
	env  []string // KEY=VALUE, added to the lab's own
	// alone says that its processes take turns and never run side by side. On one
	// processor they take them several times faster: nobody has to be woken elsewhere.
	alone bool
}

// hardware is one guest to be.
type hardware struct {
	index      int    // among the nodes of its cluster
	name       string // unique among all guests of this machine
	initramfs  string
	dir        string // for files that the emulator wants to make
	mac        string
	memory     int64 // bytes
	memoryDir  string
	processors int
	disks      []string // files that other guests have open too
	root       string   // the file of a disk of its own, the last; "" without
}

// writeInitramfs writes the agent, its modules and its orders.
func writeInitramfs(path, agent string, modules []string, b *wire.Boot) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	archive := newCPIO(f)
	program, err := os.ReadFile(agent)
	if err != nil {
		return err
	}
	archive.add("init", 0o755, program)
	for i, file := range modules {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("modules/%02d-%s", i, filepath.Base(file))
		archive.add(name, 0o644, data)
		b.Modules = append(b.Modules, "/"+name)
	}
	orders, err := json.Marshal(b)
	if err != nil {
		return err
	}
	archive.add(filepath.Base(wire.BootFile), 0o644, orders)
	if err := archive.close(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
