// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) {
	lab.Main(m, map[string]func(args []string) int{
		"interrupt": interrupt,
	})
}

// build builds the example programs and returns the folder, which guests see too.
func build(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.cache/examples")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", dir, "./libo2dlm/examples/...")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the examples: %v\n%s", err, out)
	}
	return dir
}

// program is a running example, here or in a guest.
type program interface {
	WaitLine(part string) string
	Kill(sig syscall.Signal)
	Wait() lab.Result
}

// stage starts a program on one of two machines.
type stage func(machine int, name string, args ...string) program

// TestOnThisHost runs the examples in a plain directory. Both machines are this one.
func TestOnThisHost(t *testing.T) {
	programs, dir := build(t), t.TempDir()
	play(t, func(_ int, name string, args ...string) program {
		return startHere(t, filepath.Join(programs, name), append([]string{"-dir", dir}, args...)...)
	})
}

// TestOnTwoNodes runs the examples on a cluster, and then the verbs of the command.
// One pair of nodes serves all: a heartbeat takes ten seconds to start. The last part
// costs a node.
func TestOnTwoNodes(t *testing.T) {
	programs := build(t)
	c := lab.Start(t, lab.Nodes(2), lab.Disk("heartbeat", "64M"))
	rig.Load(t, c)
	rig.Online(t, c)
	rig.Format(c)
	rig.Heartbeat(t, c)
	play(t, func(machine int, name string, args ...string) program {
		return c.Node(machine).Start(lab.Command{Args: append([]string{filepath.Join(programs, name)}, args...)})
	})
	for _, part := range []struct {
		name string
		test func(t *testing.T, c *lab.Cluster)
	}{
		{"levels", testLevels},
		{"no fork", testNoFork},
		{"killed", testKilled},
		{"bench", testBench},
		{"interrupt", testInterrupt},
		{"waiter on a dead node", testDeadNode},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c) }) {
			t.FailNow()
		}
	}
}
