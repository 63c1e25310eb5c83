// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"strings"
	"testing"
	"unicode"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// FuzzParse holds what must be true of every text: it is read without a panic,
// what a shell alone understands sets nothing, settings without errors are fit
// for the kernel, and writing them down and reading them again gives the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		everything, "", "\n\n", "O2CB_NODE=`x`", "O2CB_NODE=$(x)\nO2CB_NODE='$(x)'", "O2CB_STACK=\"o2cb\" # x",
		"O2CB_IDLE_TIMEOUT_MS=1\nO2CB_KEEPALIVE_DELAY_MS=1", "export O2CB_ENABLED=true", "a=\"\"\"\nb\"\"\"", "[x]\n=y\n", "a='%(b)s'\r\n", "a=\\\nb",
		"O2CB_NODE=\"'a'\"", "O2CB_NODE=a;b", "\xef\xbb\xbfa=b", "O2CB_HEARTBEAT_THRESHOLD=00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, findings := Parse("o2cb", text)
		lines := strings.Count(string(text), "\n") + 1
		for i, finding := range findings {
			if finding.Line < 1 || finding.Line > lines || finding.Column < 1 || i > 0 && finding.Line < findings[i-1].Line {
				t.Errorf("finding out of place: %v", finding)
			}
			if strings.ContainsFunc(finding.String(), unicode.IsControl) {
				t.Errorf("finding with control characters: %q", finding)
			}
		}
		if findings.Err() != nil {
			return
		}
		checkFit(t, s)
		again, findings := Parse("o2cb", []byte(print(s)))
		if *again != *s || findings.Err() != nil {
			t.Errorf("%+v came back as %+v, %v", s, again, findings)
		}
	})
}

// checkFit holds settings against what the kernel takes.
func checkFit(t *testing.T, s *Settings) {
	t.Helper()
	if strings.ContainsAny(s.Node+s.BootCluster+s.Stack+s.FenceMethod, "/$`\"'\\ \t\r\n\x00") {
		t.Errorf("a name that is none: %+v", s)
	}
	timing := s.Timing()
	kernel := timing.Or(cluster.Timing{IdleTimeout: 30e9, KeepaliveDelay: 2e9, DeadThreshold: 31})
	if kernel.KeepaliveDelay >= kernel.IdleTimeout || kernel.DeadThreshold < 3 || timing.ReconnectDelay < 0 {
		t.Errorf("timing that the kernel refuses: %+v", timing)
	}
}

// print writes settings as the init script does.
func print(s *Settings) string {
	var b strings.Builder
	set := func(name, value string) { b.WriteString(name + "=" + value + "\n") }
	if s.Enabled {
		set(Enabled, "true")
	}
	timing := s.Timing()
	set(Stack, s.Stack)
	set(BootCluster, s.BootCluster)
	set(Node, s.Node)
	set(FenceMethod, s.FenceMethod)
	set(HeartbeatThreshold, timing.Get(cluster.DeadThreshold))
	set(IdleTimeoutMS, timing.Get(cluster.IdleTimeout))
	set(KeepaliveDelayMS, timing.Get(cluster.KeepaliveDelay))
	set(ReconnectDelayMS, timing.Get(cluster.ReconnectDelay))
	return b.String()
}

// FuzzSet holds what must be true of an edit: the variable has the new value
// afterwards, and every line but one is as it was.
func FuzzSet(f *testing.F) {
	for _, text := range []string{everything, "", "O2CB_NODE=a # x", "export O2CB_NODE='a'", "O2CB_NODE=$(x)", "X=1\n\n\n", "O2CB_NODE=\"a\"\nO2CB_NODE=b"} {
		f.Add([]byte(text), "web")
	}
	f.Fuzz(func(t *testing.T, old []byte, value string) {
		if len(old) > MaxSize/2 || len(cluster.CheckNodeName(value)) > 0 {
			return
		}
		text := &Text{file: "o2cb", lines: strings.Split(string(old), "\n")}
		_, before := text.Settings()
		text.Set(Node, value)
		s, after := text.Settings()
		if s.Node != value {
			t.Errorf("%q became %q, which says %q", old, text, s.Node)
		}
		if len(after.Errors()) > len(before.Errors()) {
			t.Errorf("%q became %q, which has new errors: %v", old, text, after)
		}
		kept := map[string]int{}
		for _, line := range text.lines {
			kept[line]++
		}
		lost := 0
		for line := range strings.SplitSeq(string(old), "\n") {
			if kept[line]--; kept[line] < 0 && strings.TrimSpace(line) != "" {
				lost++
			}
		}
		if lost > 1 {
			t.Errorf("%q became %q: %d lines are lost", old, text, lost)
		}
	})
}
