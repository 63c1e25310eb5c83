// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
)

// agentProgram is the agent's own file, as every process of a guest can start it.
const agentProgram = "/proc/1/exe"

// Push copies a file of the host into the guest, with its permissions. It makes
// the directories above and replaces what is there in one step, also a program
// that runs. It fails the test if it cannot.
func (n *Node) Push(hostPath, guestPath string) {
	n.cluster.tb.Helper()
	f, err := os.Open(hostPath)
	if err != nil {
		n.cluster.tb.Fatalf("push to %s: %v", n.name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		n.cluster.tb.Fatalf("push to %s: %v", n.name, err)
	}
	if err := n.put(f, guestPath, info.Mode().Perm()); err != nil {
		n.cluster.tb.Fatalf("push %s: %v", hostPath, err)
	}
}

// WriteFile makes a file in the guest, as Push does.
func (n *Node) WriteFile(guestPath string, data []byte, mode os.FileMode) {
	n.cluster.tb.Helper()
	if err := n.put(bytes.NewReader(data), guestPath, mode); err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
}

func (n *Node) put(r io.Reader, path string, mode os.FileMode) error {
	return n.transfer(Command{
		Args:  []string{agentProgram, "put", path, strconv.FormatUint(uint64(mode.Perm()), 8)},
		Stdin: r,
	}, nil)
}

// Pull returns the contents of a file in the guest, also of a pseudo-file. It
// fails the test if it cannot.
func (n *Node) Pull(guestPath string) []byte {
	n.cluster.tb.Helper()
	var data []byte
	if err := n.transfer(Command{Args: []string{agentProgram, "get", guestPath}}, &data); err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
	return data
}

func (n *Node) transfer(c Command, data *[]byte) error {
	r, err := n.runCommand(c)
	if err != nil {
		return err
	}
	if r.Status != 0 {
		return fmt.Errorf("%s on %s: status %d: %s", c, n.name, r.Status, r.Stderr)
	}
	if data != nil {
		*data = []byte(r.Stdout)
	}
	return nil
}
