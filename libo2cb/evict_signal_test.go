// SPDX-License-Identifier: Apache-2.0

package libo2cb

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper starts a process that does nothing and returns it as a suspect.
func sleeper(t *testing.T) (suspect, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	st, err := readStat(New(Options{}).process(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return suspect{pid: cmd.Process.Pid, start: st.start, command: "sleep"}, cmd
}

// Only who uses the cluster at that moment, and is who it was, gets the signal.
func TestSignalAll(t *testing.T) {
	hit, hitCmd := sleeper(t)
	left, leftCmd := sleeper(t)
	other, otherCmd := sleeper(t)
	gone := suspect{pid: 1 << 30}
	reused := other
	reused.start = "1"
	var told []int
	err := signalAll(t.Context(), []suspect{hit, left, reused, gone}, func(context.Context) ([]suspect, error) {
		return []suspect{hit, other}, nil // left has let go
	}, unix.SIGTERM, func(s suspect) { told = append(told, s.pid) })
	if err != nil || len(told) != 1 || told[0] != hit.pid {
		t.Errorf("signalAll() = %v, told of %v, want %d", err, told, hit.pid)
	}
	hitCmd.Wait()
	if status := hitCmd.ProcessState.Sys().(interface{ Signal() unix.Signal }); status.Signal() != unix.SIGTERM {
		t.Errorf("ended by %v", status.Signal())
	}
	for _, cmd := range []*exec.Cmd{leftCmd, otherCmd} {
		if err := cmd.Process.Signal(unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(interface{ Signal() unix.Signal }); status.Signal() != unix.SIGKILL {
			t.Errorf("a bystander was ended by %v", status.Signal())
		}
	}
}

func TestKnock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1, 0)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	knock(t.Context(), []string{filepath.Join(filepath.Dir(file), "gone"), file})
	info, err := os.Stat(file)
	if err != nil || info.ModTime().Equal(old) {
		t.Errorf("%v was not touched: %v", info.ModTime(), err)
	}
}
