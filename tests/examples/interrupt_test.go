// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2dlm"
	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// An interrupt ends the command at once, although the kernel does not let go of a
// process that waits: the lock is still held on the other node then. What stays behind
// has neither output nor terminal nor other locks, offline says what it waits for, and
// when the lock is granted it is given back.
func testInterrupt(t *testing.T, c *lab.Cluster) {
	const resource = "interrupt"
	n := c.Node(1)
	holder := locked(t, c.Node(0), resource)
	r := n.RunSelf("interrupt", rig.Tool(t, "o2cb_ctl"), domain, resource)
	if r.Status != 0 {
		t.Fatalf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
	t.Log(strings.TrimSpace(r.Stdout))
	if waiterGone(holder) {
		t.Error("the holder has ended: the return may have been the grant's doing")
	}
	pid := waitingChild(t, n, "o2cb_ctl", resource)
	if l, _ := locksOn(t, c.Node(0), resource); len(l.Holders) != 1 {
		t.Errorf("after the interrupt node 0 shows %+v", l)
	}

	name := fmt.Sprintf("process %d (o2cb_ctl)", pid)
	r = n.Run(rig.Tool(t, "o2cb_ctl"), "offline")
	if r.Status != 1 || !strings.Contains(r.Stderr, name+" waits in the kernel for a lock that another node holds") || strings.Contains(r.Stderr, "is used by "+name) {
		t.Errorf("offline: status %d: %s", r.Status, r.Stderr)
	}
	r = n.Run(rig.Tool(t, "o2cb_ctl"), "locks", domain)
	if !strings.Contains(r.Stdout, fmt.Sprintf("%d o2cb_ctl (in the kernel)", pid)) {
		t.Errorf("locks prints %s", r.Stdout)
	}

	// One whose time is over stays behind in the same way, and in the same line.
	if r := n.RunCommand(under(t, "true", "-w", "0.2", "-E", "75", resource)); r.Status != 75 {
		t.Errorf("a wait of 0.2 s: status %d: %s", r.Status, r.Stderr)
	}

	ended(t, holder, syscall.SIGTERM)
	n.MustShell(fmt.Sprintf("while test -e /proc/%d; do sleep 0.01; done", pid))
	if r := c.Node(0).RunCommand(under(t, "exit 7", resource)); r.Status != 7 {
		t.Errorf("after the waiter has gone: status %d: %s", r.Status, r.Stderr)
	}
	if l, _ := locksOn(t, n, resource); len(l.Holders)+len(l.Waiters) != 0 {
		t.Errorf("left behind is %+v", l)
	}
}

// interrupt TOOL DOMAIN RESOURCE waits for a lock that another node has, interrupts
// that, and says how long it took. The command is started with another file open and
// locked, which must not stay with what it leaves behind.
func interrupt(args []string) int {
	if err := interrupted(args[0], args[1], args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func interrupted(tool, domain, resource string) error {
	other, err := os.Create("/tmp/other-lock")
	if err != nil {
		return err
	}
	cmd := exec.Command(tool, "lock", domain, resource, "--", "true")
	cmd.ExtraFiles = []*os.File{other}
	out, err := cmd.StdoutPipe() // which ends when nobody has it open any more
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	child, err := blockedChild(cmd.Process.Pid, resource)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if _, err := out.Read(make([]byte, 1)); err == nil {
		return errors.New("it prints something")
	}
	_ = cmd.Wait() // the state says it
	took := time.Since(begin)
	if status := cmd.ProcessState.ExitCode(); status != 130 {
		return fmt.Errorf("exit status %d", status)
	}
	if !inKernel(child) {
		return errors.New("the kernel's wait is over: this test shows nothing")
	}
	fmt.Printf("the interrupt took %v\n", took)
	return checkLeftBehind(child, other.Name())
}

// blockedChild waits until a child of the process waits in the kernel for the lock: it
// has the gate then, for which it has waited before.
func blockedChild(parent int, resource string) (child string, err error) {
	for {
		all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		if err != nil || len(all) == 0 {
			return "", fmt.Errorf("process %d has ended: %w", parent, err)
		}
		for _, path := range all {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
			for pid := range strings.FieldsSeq(string(text)) {
				if hasOpen(pid, libo2dlm.Gate(resource)) && inKernel(pid) {
					return pid, nil
				}
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// hasOpen tells whether a process has a file of that name open.
func hasOpen(pid, name string) bool {
	links, _ := filepath.Glob("/proc/" + pid + "/task/*/fd/*") // a thread that waits has its own
	return slices.ContainsFunc(links, func(link string) bool {
		target, err := os.Readlink(link)
		return err == nil && filepath.Base(target) == name
	})
}

// inKernel tells whether a thread of a process waits for a lock as no signal ends it.
func inKernel(pid string) bool {
	stacks, _ := filepath.Glob("/proc/" + pid + "/task/*/stack")
	for _, path := range stacks {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), "dlmfs_file_open") {
			return true
		}
	}
	return false
}

// checkLeftBehind looks at what a process has that stays behind.
func checkLeftBehind(pid, other string) error {
	links, err := filepath.Glob("/proc/" + pid + "/task/*/fd/*")
	if err != nil || len(links) == 0 {
		return fmt.Errorf("process %s has no descriptors: %w", pid, err)
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			continue
		}
		if target == other || strings.HasPrefix(target, "pipe:") || strings.HasPrefix(target, "/dev/pts") || strings.HasPrefix(target, "/dev/tty") {
			return fmt.Errorf("what stays behind has %s open", target)
		}
	}
	return nil
}
