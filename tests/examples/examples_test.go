// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// play runs each example with a program on either machine.
func play(t *testing.T, start stage) {
	t.Run("leader", func(t *testing.T) { playLeader(t, start) })
	t.Run("jobs", func(t *testing.T) { playJobs(t, start) })
	t.Run("cache", func(t *testing.T) { playCache(t, start) })
	t.Run("counter", func(t *testing.T) { playCounter(t, start) })
}

// One leads, and when it is killed the other does, with a higher token.
func playLeader(t *testing.T, start stage) {
	alpha := start(0, "leader", "-name", "alpha")
	first := tokenIn(t, alpha.WaitLine("alpha leads with token"))
	beta := start(1, "leader", "-name", "beta")
	beta.WaitLine("beta stands")
	alpha.WaitLine("alpha works")
	alpha.Kill(syscall.SIGKILL)
	second := tokenIn(t, beta.WaitLine("beta leads with token"))
	if second <= first {
		t.Errorf("the second leader has token %d after %d", second, first)
	}
	beta.WaitLine("beta works")
	beta.Kill(syscall.SIGTERM)
	beta.WaitLine("beta steps down")
	if r := beta.Wait(); r.Status != 0 {
		t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
	alpha.Wait()
}

func tokenIn(t *testing.T, line string) (token uint64) {
	t.Helper()
	_, after, _ := strings.Cut(line, "token ")
	if _, err := fmt.Sscan(after, &token); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return token
}

// Each shard is run once, by either.
func playJobs(t *testing.T, start stage) {
	const shards = 12
	var out string
	programs := []program{start(0, "jobs", "-name", "alpha", "-shards", fmt.Sprint(shards)), start(1, "jobs", "-name", "beta", "-shards", fmt.Sprint(shards))}
	for _, p := range programs {
		r := p.Wait()
		if r.Status != 0 || !strings.HasSuffix(r.Stdout, "all shards are done\n") {
			t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
		out += r.Stdout
	}
	for shard := range shards {
		if n := strings.Count(out, fmt.Sprintf(" runs shard %d\n", shard)); n != 1 {
			t.Errorf("shard %d was run %d times:\n%s", shard, n, out)
		}
	}
}

// Both serve what either has set.
func playCache(t *testing.T, start stage) {
	servers := []program{start(0, "cache", "-name", "alpha"), start(1, "cache", "-name", "beta")}
	for _, s := range servers {
		s.WaitLine(`serves ""`)
	}
	for i, text := range []string{"one", "two", "three"} {
		if r := start(i%2, "cache", "-set", text).Wait(); r.Status != 0 {
			t.Fatalf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
		for _, s := range servers {
			s.WaitLine(fmt.Sprintf("serves %q", text))
		}
	}
	for _, s := range servers {
		s.Kill(syscall.SIGTERM)
		if r := s.Wait(); r.Status != 0 {
			t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
	}
}

// No increment is lost.
func playCounter(t *testing.T, start stage) {
	const each = 300
	var out string
	for _, p := range []program{start(0, "counter", "-n", fmt.Sprint(each)), start(1, "counter", "-n", fmt.Sprint(each))} {
		r := p.Wait()
		if r.Status != 0 {
			t.Errorf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
		}
		out += r.Stdout
	}
	if !strings.Contains(out, fmt.Sprintf("the count is %d\n", 2*each)) || strings.Count(out, "starts at 0") != 1 {
		t.Errorf("two that count to %d print\n%s", each, out)
	}
}
