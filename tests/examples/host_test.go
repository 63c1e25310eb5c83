// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// hostProgram is a program on this host.
type hostProgram struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Reader
	read  strings.Builder
}

func startHere(t *testing.T, path string, args ...string) *hostProgram {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &hostProgram{t: t, cmd: cmd, lines: bufio.NewReader(out)}
}

// WaitLine is that of a process in a guest.
func (p *hostProgram) WaitLine(part string) string {
	p.t.Helper()
	for {
		line, err := p.lines.ReadString('\n')
		p.read.WriteString(line)
		if err != nil {
			p.t.Fatalf("%v ended without a line with %q: %s", p.cmd, part, p.read.String())
		}
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
}

// Kill is that of a process in a guest.
func (p *hostProgram) Kill(sig syscall.Signal) {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
}

// Wait is that of a process in a guest.
func (p *hostProgram) Wait() lab.Result {
	p.t.Helper()
	if _, err := io.Copy(&p.read, p.lines); err != nil {
		p.t.Error(err)
	}
	_ = p.cmd.Wait() // the state says it
	return lab.Result{Stdout: p.read.String(), Status: p.cmd.ProcessState.ExitCode()}
}
