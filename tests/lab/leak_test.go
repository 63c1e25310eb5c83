// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os/exec"
	"strings"
	"testing"
)

func TestLeaks(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go leftBehind(stop)
	err := leaks()
	close(stop)
	if kill := cmd.Process.Kill(); kill != nil {
		t.Error(kill)
	}
	_ = cmd.Wait() // it was killed
	if err == nil || !strings.Contains(err.Error(), "sleep 1000") || !strings.Contains(err.Error(), "leftBehind") {
		t.Errorf("got %v, want the process and the goroutine", err)
	}
}

func leftBehind(stop <-chan struct{}) { <-stop }
