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

// FuzzEdit edits any text: what comes out has no error that was not permitted before,
// says the old settings with the change, and differs in the lines of the change alone.
func FuzzEdit(f *testing.F) {
	for _, text := range []string{
		everything, "", "\n\n", "O2CB_NODE=`x`", "O2CB_NODE=$(x)\nO2CB_NODE='$(x)'", "O2CB_STACK=\"o2cb\" # x", "# O2CB_NODE=\n#O2CB_NODE=",
		"export O2CB_NODE=", "O2CB_NODE=\"$a\" #", "O2CB_NODE=\"'a'\"", "O2CB_NODE=a;b", "O2CB_NODE=~a", "O2CB_NODE=a\nO2CB_NODE=$b", "O2CB_BOOTCLUSTER=9 #\n \t",
	} {
		for i, value := range []string{"true", "web", "7000", "it's", "\"", "a b"} {
			f.Add(text, uint8(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, text string, which uint8, value string) {
		c := Change{variables()[int(which)%len(variables())], value}
		if c.Check() != nil {
			return
		}
		after, _, _, err := edit("o2cb", text, []Change{c})
		if err != nil {
			return
		}
		checkEdit(t, text, after, []Change{c})
		_, findings := Parse("o2cb", []byte(after))
		if findings.ErrPermissive() != nil {
			t.Errorf("%q with %v became %q: %v", text, c, after, findings)
		}
	})
}

// FuzzReadAnswers reads any text: without a panic and, when nothing was found, to
// answers that a settings file may hold.
func FuzzReadAnswers(f *testing.F) {
	for _, text := range []string{
		"", "enabled=true\ncluster='web'\n", "heartbeat_threshold = 0x1f", "[a]\nb=1", "a.b=1", "\"node\"=\"\"\"\nx\"\"\"", "enabled=[[", "node=1979-05-27", "idle_timeout_ms=-0",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		answers, findings := ReadAnswers("a.toml", text)
		lines := strings.Count(string(text), "\n") + 1
		for _, finding := range findings {
			if finding.Line < 1 || finding.Line > lines || finding.Column < 1 || strings.ContainsFunc(finding.String(), unicode.IsControl) {
				t.Errorf("finding out of place, or with control characters: %q", finding)
			}
		}
		if findings != nil {
			return
		}
		for _, c := range answers.Changes() {
			if err := c.Check(); err != nil {
				t.Errorf("%v came through", err)
			}
		}
	})
}
