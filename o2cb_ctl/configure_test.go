// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// unconfigured is a root with a settings file of the text, without one when that is empty.
func unconfigured(t *testing.T, text string) (root, path string) {
	t.Helper()
	root = t.TempDir()
	path = filepath.Join(root, "etc", "default", "o2cb")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, path
}

// TestConfigureStarts looks at what is done behind the dialogue.
func TestConfigureStarts(t *testing.T) {
	web := &libo2cb.ClusterStatus{Name: "web", HeartbeatMode: cluster.LocalHeartbeat}
	broken := errors.New("broken")
	for _, test := range []struct {
		name, answers string
		runs          libo2cb.Status
		noStart       bool
		fails         error
		starts        int
		said          string // beneath the OK
	}{
		{name: "enabled", answers: "y\nweb\n", starts: 1},
		{name: "enabled without a cluster", answers: "y\n", starts: 1},
		{name: "enabled, not to start", answers: "y\nweb\n", noStart: true},
		{name: "enabled and registered", answers: "y\nweb\n", runs: libo2cb.Status{Cluster: web}, starts: 1},
		{name: "enabled and online", answers: "y\nweb\n", runs: libo2cb.Status{Online: true, Cluster: web},
			said: "Cluster web is online and was left alone: \"o2cb_ctl plan\" shows what the settings change, \"o2cb_ctl apply\" does it\n"},
		{name: "disabled", answers: "n\n"},
		{name: "disabled and online", answers: "n\n", runs: libo2cb.Status{Online: true, Cluster: web},
			said: "Cluster web is online and stays so: \"o2cb_ctl offline web\" takes it down\n"},
		{name: "disabled and registered", answers: "n\n", runs: libo2cb.Status{Cluster: web},
			said: "Cluster web is registered and stays so: \"o2cb_ctl offline web\" takes it down\n"},
		{name: "disabled and loaded", answers: "n\n", runs: libo2cb.Status{Stack: stack.State{HasNodes: true}},
			said: "The driver stays loaded: \"o2cb_ctl unload\" removes it\n"},
		{name: "enabled and broken", answers: "y\nweb\n", starts: 1, fails: broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, path := unconfigured(t, "")
			var out, wrong bytes.Buffer
			starts := 0
			c := configuration{
				settings: &settings{std: streams{strings.NewReader(test.answers), &out, &wrong}, root: root},
				noStart:  test.noStart,
				start:    func(context.Context) error { starts++; return test.fails },
				running:  func(context.Context) (libo2cb.Status, error) { return test.runs, nil },
			}
			err := c.run(t.Context())
			if !errors.Is(err, test.fails) || test.fails != nil && !strings.HasPrefix(err.Error(), "the settings are written") || starts != test.starts {
				t.Errorf("%v after %d starts", err, starts)
			}
			_, said, written := strings.Cut(out.String(), "Writing O2CB configuration: OK\n")
			if !written || said != test.said || wrong.Len() > 0 {
				t.Errorf("it says %q, %q", out.String(), wrong.String())
			}
			s, findings, err := file.Load(path)
			if err != nil || findings != nil || s.Enabled != strings.HasPrefix(test.answers, "y") {
				t.Errorf("%+v, %v, %v", s, findings, err)
			}
		})
	}
}

// TestConfigureAtATerminal types Ctrl-C at a question, and what the README types. The
// name of the stack would be for the cluster, were the answers a script's.
func TestConfigureAtATerminal(t *testing.T) {
	const before = "# mine\nO2CB_ENABLED=false\n"
	for _, test := range []struct {
		name  string
		typed []string
		after string
	}{
		{"interrupted", []string{"y\n", "web\n", "\x03"}, before},
		{"typed", []string{"y\n", "\n", "ocfs2\n", "o2cb\n", "\n", "\n", "\n", "\n"}, "# mine\nO2CB_ENABLED=true\nO2CB_STACK=o2cb\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, path := unconfigured(t, before)
			keyboard, terminal := openTerminal(t)
			cmd := exec.CommandContext(t.Context(), "o2cb_ctl", "--root", root, "configure", "--no-start")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
			cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = terminal.Close()
			screen := bufio.NewReader(keyboard)
			for _, keys := range test.typed {
				readUpTo(t, screen, "]: ")
				if _, err := io.WriteString(keyboard, keys); err != nil {
					t.Fatal(err)
				}
			}
			err := cmd.Wait()
			if interrupted := strings.HasSuffix(test.typed[len(test.typed)-1], "\x03"); interrupted != (err != nil) {
				t.Errorf("it ended with %v", err)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != test.after {
				t.Errorf("the file: %q, %v; want %q", text, err, test.after)
			}
		})
	}
}
