// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
)

func TestCommands(t *testing.T) {
	c := lab.Start(t, lab.Nodes(1))
	n := c.Node(0)
	for name, test := range map[string]func(*testing.T, *lab.Node){
		"apart":       testApart,
		"environment": testEnvironment,
		"missing":     testMissing,
		"signal":      testSignal,
		"limit":       testLimit,
		"concurrent":  testConcurrent,
		"background":  testBackground,
		"orphans":     testOrphans,
		"large":       testLarge,
		"ignored":     testIgnoredInput,
		"lines":       testLines,
		"self":        testSelf,
		"files":       testFiles,
		"clean":       testClean,
	} {
		t.Run(name, func(t *testing.T) { test(t, n) })
	}
}

func testApart(t *testing.T, n *lab.Node) {
	r := n.Shell("echo out; echo err >&2; exit 3")
	want := lab.Result{Stdout: "out\n", Stderr: "err\n", Status: 3}
	if r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

func testEnvironment(t *testing.T, n *lab.Node) {
	r := n.MustRunCommand(lab.Command{
		Args:  []string{"sh", "-c", `pwd; echo "$A $HOME"; cat`},
		Env:   []string{"A=first", "A=two words", "HOME=/elsewhere"},
		Dir:   "/usr",
		Stdin: strings.NewReader("input"),
	})
	if want := "/usr\ntwo words /elsewhere\ninput"; r.Stdout != want {
		t.Errorf("got %q, want %q", r.Stdout, want)
	}
}

func testMissing(t *testing.T, n *lab.Node) {
	_, err := n.Exec(t.Context(), lab.Command{Args: []string{"no-such-program"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-program: not found in PATH=") {
		t.Errorf("got error %v, want one that names the program and the PATH", err)
	}
}

func testSignal(t *testing.T, n *lab.Node) {
	// The child of the shell must get the signal too, or the shell waits for it.
	p := n.Start(lab.Command{Args: []string{"sh", "-c", "echo up; sleep 1000; echo not reached"}})
	p.WaitLine("up")
	p.Kill(syscall.SIGTERM)
	r := p.Wait()
	if r.Signal != syscall.SIGTERM || r.Status != 128+int(syscall.SIGTERM) || r.Stdout != "up\n" {
		t.Errorf("got %+v, want the end by SIGTERM", r)
	}
}

func testLimit(t *testing.T, n *lab.Node) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p, err := n.Launch(lab.Command{Args: []string{"sleep", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Await(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), n.Console()) {
		t.Errorf("got error %v, want the deadline and the console's name", err)
	}
	// It was killed in the guest too.
	if r, err := p.Await(t.Context()); err != nil || r.Signal != syscall.SIGKILL {
		t.Errorf("got %+v and %v, want the end by SIGKILL", r, err)
	}
}

// testConcurrent starts commands that all wait for the last.
func testConcurrent(t *testing.T, n *lab.Node) {
	n.MustShell("mkdir /tmp/gate")
	const all = 8
	var waiting []*lab.Process
	for i := range all {
		script := fmt.Sprintf("touch /tmp/gate/%d; while [ $(ls /tmp/gate | wc -l) -lt %d ]; do :; done; echo %d", i, all, i)
		waiting = append(waiting, n.Start(lab.Command{Args: []string{"sh", "-c", script}}))
	}
	for i, p := range waiting {
		if r := p.Wait(); r.Status != 0 || r.Stdout != fmt.Sprintf("%d\n", i) {
			t.Errorf("command %d: got %+v", i, r)
		}
	}
}

// testBackground: a process left behind neither delays the result nor dies with it.
func testBackground(t *testing.T, n *lab.Node) {
	r := n.MustShell("sleep 1000 & echo $!")
	pid := strings.TrimSpace(r.Stdout)
	n.MustRun("kill", "-0", pid)
	n.MustRun("kill", pid)
}

// testOrphans: process 1 reaps what is not its own and no status gets lost.
func testOrphans(t *testing.T, n *lab.Node) {
	for i := range 20 {
		if r := n.Shell("for i in 1 2 3; do (sleep 0 &) ; done; exit 9"); r.Status != 9 {
			t.Fatalf("run %d: got %+v, want status 9", i, r)
		}
	}
	// Until the last has ended there may be some; a zombie that stays is never gone.
	n.MustRunCommand(lab.Command{
		Args:  []string{"sh", "-c", "while grep -q '^State:.Z' /proc/[0-9]*/status 2>/dev/null; do :; done"},
		Limit: time.Minute,
	})
}

// testLarge moves random bytes both ways at once.
func testLarge(t *testing.T, n *lab.Node) {
	data := make([]byte, 6<<20)
	rand.NewChaCha8([32]byte{1}).Read(data)
	r := n.MustRunCommand(lab.Command{
		Args:  []string{"sh", "-c", "tee /dev/stderr"},
		Stdin: bytes.NewReader(data),
	})
	if r.Stdout != string(data) {
		t.Errorf("standard output differs: %d bytes, want %d", len(r.Stdout), len(data))
	}
	if r.Stderr != string(data) {
		t.Errorf("error output differs: %d bytes, want %d", len(r.Stderr), len(data))
	}
}

// testIgnoredInput: a command that does not read does not hold up anything.
func testIgnoredInput(t *testing.T, n *lab.Node) {
	p := n.Start(lab.Command{Args: []string{"sleep", "1000"}, Stdin: bytes.NewReader(make([]byte, 4<<20))})
	if r := n.MustRun("echo", "through"); r.Stdout != "through\n" {
		t.Errorf("got %+v", r)
	}
	p.Kill(syscall.SIGTERM)
	p.Wait()
	n.MustRunCommand(lab.Command{Args: []string{"true"}, Stdin: bytes.NewReader(make([]byte, 4<<20))})
}

func testLines(t *testing.T, n *lab.Node) {
	p := n.Start(lab.Command{Args: []string{"sh", "-c", "printf 'one\ntwo\n\nlast'"}})
	if line := p.WaitLine("w"); line != "two" {
		t.Errorf("got line %q, want two", line)
	}
	if got, want := slices.Collect(p.Lines()), []string{"one", "two", "", "last"}; !slices.Equal(got, want) {
		t.Errorf("got lines %q, want %q", got, want)
	}
}

func testSelf(t *testing.T, n *lab.Node) {
	r := n.RunSelf("status", "a", "b c")
	if r.Status != 77 || r.Stdout != n.Name()+" a b c\n" {
		t.Errorf("got %+v", r)
	}
	if r := n.RunSelf("nobody"); r.Status != 125 || !strings.Contains(r.Stderr, `no role "nobody"`) {
		t.Errorf("unknown role: got %+v", r)
	}
}

func testFiles(t *testing.T, n *lab.Node) {
	data := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{2}).Read(data)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, data, 0o640); err != nil {
		t.Fatal(err)
	}
	n.Push(file, "/opt/new/dir/file")
	if got := n.Pull("/opt/new/dir/file"); !bytes.Equal(got, data) {
		t.Errorf("pulled %d bytes that differ from the %d pushed", len(got), len(data))
	}
	n.WriteFile("/opt/tool", []byte("#!/bin/sh\necho tool\n"), 0o755)
	if r := n.MustShell("stat -c %a /opt/new/dir/file; /opt/tool"); r.Stdout != "640\ntool\n" {
		t.Errorf("got %q", r.Stdout)
	}
	if got := string(n.Pull("/proc/sys/kernel/hostname")); got != n.Name()+"\n" {
		t.Errorf("pseudo-file: got %q", got)
	}
}

// testClean: what the stack under test is to do has not been done.
func testClean(t *testing.T, n *lab.Node) {
	r := n.MustShell("cat /proc/mounts /proc/modules; ls -A /etc/ocfs2; ls -d /dlm || true")
	for _, word := range []string{"configfs", "ocfs2", "dlm", "cluster.conf"} {
		if strings.Contains(r.Stdout, word) {
			t.Errorf("%s is there already:\n%s", word, r.Stdout)
		}
	}
	n.MustRun("modprobe", "ocfs2_dlmfs")
}
