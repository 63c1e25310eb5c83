// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/o2cb-go/o2cb/tests/lab/internal/wire"
)

// Push copies a file of the host into the guest, with its permissions. It makes
// the directories above and replaces what is there in one step, also a program
// that runs. It fails the test if it cannot.
func (n *Node) Push(hostPath, guestPath string) {
	n.cluster.tb.Helper()
	if err := n.push(hostPath, guestPath); err != nil {
		n.cluster.tb.Fatalf("push %s: %v", hostPath, err)
	}
}

func (n *Node) push(hostPath, guestPath string) error {
	path, err := filepath.Abs(hostPath)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c := putCommand(guestPath, info.Mode())
	if n.cluster.machine.freshFiles() {
		// The guest reads it itself, which is faster by far than its serial line.
		c.input = path
	} else {
		c.Stdin = f
	}
	_, err = n.transfer(c)
	return err
}

// WriteFile makes a file in the guest, as Push does.
func (n *Node) WriteFile(guestPath string, data []byte, mode os.FileMode) {
	n.cluster.tb.Helper()
	c := putCommand(guestPath, mode)
	c.Stdin = bytes.NewReader(data)
	if _, err := n.transfer(c); err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
}

// putCommand writes its input to a file.
func putCommand(path string, mode os.FileMode) Command {
	return Command{Args: []string{wire.Agent, "put", path, strconv.FormatUint(uint64(mode.Perm()), 8)}}
}

// Pull returns the contents of a file in the guest, also of a pseudo-file. It
// fails the test if it cannot.
func (n *Node) Pull(guestPath string) []byte {
	n.cluster.tb.Helper()
	r, err := n.transfer(Command{Args: []string{wire.Agent, "get", guestPath}})
	if err != nil {
		n.cluster.tb.Fatalf("%v", err)
	}
	return []byte(r.Stdout)
}

// transfer runs a command of the agent's and makes its failure an error.
func (n *Node) transfer(c Command) (Result, error) {
	r, err := n.runCommand(c)
	if err == nil && r.Status != 0 {
		err = fmt.Errorf("%s on %s: status %d: %s", c, n.name, r.Status, r.Stderr)
	}
	return r, err
}
