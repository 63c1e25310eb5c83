// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// programRounds is how often programs are run to compare them.
const programRounds = 50

// BenchmarkStart compares how long a program takes that only says its version.
func BenchmarkStart(b *testing.B) {
	benchmarkPrograms(b,
		program{path: rig.Tool(b, "o2cb_ctl"), args: []string{"--version"}, prints: "version"},
		debian(b, "o2cb_ctl", "version", "-V"))
}

// BenchmarkConfig compares the reading of a cluster.conf with as many nodes as
// a cluster can have. Our program looks for mistakes; that of Debian, which has
// no such command, lists the nodes. Library is what a Go program pays for the
// same as our program does, against what it would pay to run Debian's.
func BenchmarkConfig(b *testing.B) {
	file := filepath.Join(b.TempDir(), "cluster.conf")
	if err := os.WriteFile(file, []byte(config(maxNodes)), 0o600); err != nil {
		b.Fatal(err)
	}
	theirs := debian(b, "o2cb", nodeName(maxNodes-1), "--config-file="+file, "list-nodes", "--oneline", rig.Name)
	b.Run("Program", func(b *testing.B) {
		benchmarkPrograms(b,
			program{path: rig.Tool(b, "o2cb_ctl"), args: []string{"check", file}, prints: fmt.Sprintf("%d nodes", maxNodes)}, theirs)
	})
	b.Run("Library", func(b *testing.B) {
		var all times
		for b.Loop() {
			more, err := compare(programRounds,
				way{name: ours, do: func() error { return validate(file) }}, way{name: inC, do: theirs.run})
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, more...)
		}
		report(b, all, 1, ours, inC)
	})
}

// validate reads a cluster.conf and looks for mistakes.
func validate(file string) error {
	f, findings, err := conf.Load(file)
	if err == nil {
		err = findings.Err()
	}
	if err == nil && len(f.Clusters()[0].Nodes) != maxNodes {
		err = fmt.Errorf("%d nodes", len(f.Clusters()[0].Nodes))
	}
	return err
}

// config returns a cluster.conf with that many nodes.
func config(nodes int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "cluster:\n\tname = %s\n\tnode_count = %d\n", rig.Name, nodes)
	for i := range nodes {
		fmt.Fprintf(&text, "\nnode:\n\tcluster = %s\n\tnumber = %d\n\tname = %s\n\tip_address = %s\n\tip_port = 7777\n",
			rig.Name, i, nodeName(i), nodeAddress(i))
	}
	return text.String()
}

func nodeName(i int) string { return fmt.Sprintf("node%d", i) }

// nodeAddress returns a node's address, that of node 0 being the guest's.
func nodeAddress(i int) string { return fmt.Sprintf("10.9.%d.%d", i/200, i%200+1) }

func benchmarkPrograms(b *testing.B, our, their program) {
	b.Helper()
	var all times
	for b.Loop() {
		more, err := comparePrograms(our, their)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, more...)
	}
	report(b, all, 1, ours, inC)
}

// comparePrograms compares two programs as whole processes, from fork to exit.
func comparePrograms(our, their program) (times, error) {
	for _, p := range []program{our, their} {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	return compare(programRounds, way{name: ours, do: our.run}, way{name: inC, do: their.run})
}

// program is a program with its arguments.
type program struct {
	path   string // absolute, so that no time goes into looking for it
	args   []string
	env    []string // nil is our own
	prints string   // what shows that it did its work
}

func (p program) command() *exec.Cmd {
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = p.env
	return cmd
}

func (p program) run() error { return p.command().Run() }

// check runs the program once and looks at its output, because some of the C
// programs say that they succeeded when they did not.
func (p program) check() error {
	cmd := p.command()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	if !strings.Contains(string(out), p.prints) {
		return fmt.Errorf("%s printed no %q: %s", cmd, p.prints, out)
	}
	return nil
}

// debian returns a program of Debian's ocfs2-tools on the host.
func debian(b *testing.B, name, prints string, args ...string) program {
	b.Helper()
	cmd := lab.Host(b.Context(), b, name, args...)
	return program{path: cmd.Path, args: args, env: cmd.Env, prints: prints}
}
