// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb/textfile"
)

func TestEditText(t *testing.T) {
	for _, test := range []struct {
		name, before string
		changes      []Change
		after        string
	}{
		{"in its place", "# a\nO2CB_ENABLED=false # b\n\nX=1", []Change{{Enabled, "true"}}, "# a\nO2CB_ENABLED=true # b\n\nX=1"},
		{"exported", "\texport O2CB_NODE=a", []Change{{Node, "b"}}, "\texport O2CB_NODE=b"},
		{"in its quotes", "O2CB_NODE='a'\nO2CB_STACK=\"o2cb\"\t# c\n", []Change{{Node, "b"}, {Stack, "pcmk"}}, "O2CB_NODE='b'\nO2CB_STACK=\"pcmk\"\t# c\n"},
		{"the one that counts", "O2CB_NODE=a\nO2CB_NODE=b\n", []Change{{Node, "c"}}, "O2CB_NODE=a\nO2CB_NODE=c\n"},
		{"cleared", "O2CB_NODE=\"a\" # x\n", []Change{{Node, ""}}, "O2CB_NODE=\"\" # x\n"},
		{"from empty", "O2CB_NODE= # none\n", []Change{{Node, "a"}}, "O2CB_NODE=a # none\n"},
		{"has it", "O2CB_NODE='a'\n", []Change{{Node, "a"}}, "O2CB_NODE='a'\n"},
		{"cleared and not set", "X=1", []Change{{Node, ""}}, "X=1"},
		{"a wrong word for false", "O2CB_ENABLED=yes\n", []Change{{Enabled, "false"}}, "O2CB_ENABLED=false\n"},
		{"behind its example", "# O2CB_NODE=a\nO2CB_ENABLED=true\n", []Change{{Node, "b"}}, "# O2CB_NODE=a\nO2CB_NODE=b\nO2CB_ENABLED=true\n"},
		{"behind its predecessor", "O2CB_ENABLED=true\nO2CB_HEARTBEAT_THRESHOLD=31\n", []Change{{BootCluster, "web"}}, "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=web\nO2CB_HEARTBEAT_THRESHOLD=31\n"},
		{"behind an end without a line feed", "O2CB_ENABLED=true", []Change{{Stack, "o2cb"}, {BootCluster, "web"}}, "O2CB_ENABLED=true\nO2CB_STACK=o2cb\nO2CB_BOOTCLUSTER=web\n"},
		{"at the end", "X=1\n# y\n", []Change{{Enabled, "true"}}, "X=1\n# y\nO2CB_ENABLED=true\n"},
		{"of nothing", "", []Change{{Enabled, "true"}}, "O2CB_ENABLED=true\n"},
		{"mends a command", "O2CB_NODE=$(hostname -s | cut -d. -f1) # me\n", []Change{{Node, "a"}}, "O2CB_NODE=a # me\n"},
		{"mends a variable", "O2CB_NODE=\"node ${HOSTNAME%%.*}\"\n", []Change{{Node, "a"}}, "O2CB_NODE=\"a\"\n"},
		{"mends a number", "O2CB_IDLE_TIMEOUT_MS=x\n", []Change{{IdleTimeoutMS, "5000"}}, "O2CB_IDLE_TIMEOUT_MS=5000\n"},
		{"keeps a permissible error", "O2CB_BOOTCLUSTER=9web\n", []Change{{Enabled, "true"}}, "O2CB_BOOTCLUSTER=9web\nO2CB_ENABLED=true\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			after, _, _, err := edit("o2cb", test.before, test.changes)
			if err != nil || after != test.after {
				t.Errorf("%q, %v; want %q", after, err, test.after)
			}
		})
	}
}

func TestEditTextRefuses(t *testing.T) {
	for _, test := range []struct {
		name, before string
		change       Change
	}{
		{"a command elsewhere", "X=$(x)\n", Change{Enabled, "true"}},
		{"a second assignment in the line", "O2CB_NODE=a; O2CB_STACK=o2cb\n", Change{Node, "b"}},
		{"a second assignment behind a command", "O2CB_NODE=$(x) O2CB_STACK=o2cb\n", Change{Node, "b"}},
		{"a text of two lines", "O2CB_NODE=\"a\nb\"\n", Change{Node, "b"}},
		{"a command that an earlier line keeps", "O2CB_NODE=$(x)\nO2CB_NODE=a\n", Change{Node, "b"}},
		{"another program", ". /etc/o2cb.local\n", Change{Enabled, "true"}},
		{"a line of DOS", "O2CB_NODE=a\r\n", Change{Node, "b"}},
		{"a number elsewhere", "O2CB_IDLE_TIMEOUT_MS=x\n", Change{Enabled, "true"}},
		{"a delay above the timeout", "O2CB_IDLE_TIMEOUT_MS=5000\n", Change{KeepaliveDelayMS, "6000"}},
		{"a file that is too large", strings.Repeat("#", MaxSize+1), Change{Enabled, "true"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			after, changed, _, err := edit("o2cb", test.before, []Change{test.change})
			if _, ok := errors.AsType[*InvalidError](err); !ok || after != "" || changed != nil {
				t.Errorf("%q, %v, %v; want an *InvalidError", after, changed, err)
			}
		})
	}
}

func TestCheckChange(t *testing.T) {
	for _, test := range []struct {
		change Change
		ok     bool
	}{
		{Change{Enabled, "true"}, true},
		{Change{Enabled, ""}, true},
		{Change{Enabled, "yes"}, false},
		{Change{BootCluster, "web-1"}, true},
		{Change{BootCluster, "9web"}, false},
		{Change{BootCluster, "../web"}, false},
		{Change{BootCluster, "a b"}, false},
		{Change{BootCluster, "$(x)"}, false},
		{Change{BootCluster, "a\nX=1"}, false},
		{Change{BootCluster, "it's \"$x\""}, false},
		{Change{Stack, "o2cb"}, true},
		{Change{Stack, "ocfs2"}, false},
		{Change{HeartbeatThreshold, "3"}, true},
		{Change{HeartbeatThreshold, "2"}, false},
		{Change{HeartbeatThreshold, "031"}, false},
		{Change{IdleTimeoutMS, "1000"}, true}, // the keepalive delay may be lowered with it
		{Change{FenceMethod, "panic"}, true},
		{Change{FenceMethod, "nothing"}, false},
		{Change{"PATH", "/"}, false},
	} {
		err := test.change.Check()
		var refused *ChangeError
		if (err == nil) != test.ok || err != nil && (!errors.As(err, &refused) || refused.Expected == "" || refused.Mend == "" || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%+v: %v, allowed: %v", test.change, err, test.ok)
		}
	}
}

func TestEdit(t *testing.T) {
	root := t.TempDir()
	path := write(t, root, "etc/default/o2cb", "# mine\nexport O2CB_ENABLED='false'\nOTHER=\"a b\"\n")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(path, "user.note", []byte("kept"), 0); err != nil {
		t.Fatalf("this file system has no extended attributes, set TMPDIR to one that has: %v", err)
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	done, err := Edit(t.Context(), link, Change{Enabled, "true"}, Change{HeartbeatThreshold, "5"}, Change{Stack, ""})
	if err != nil {
		t.Fatal(err)
	}
	want := []Changed{{Enabled, "false", "true"}, {HeartbeatThreshold, "", "5"}}
	if done.Path != path || done.Created || !slices.Equal(done.Changed, want) || len(done.Findings) != 1 || done.Findings[0].Line != 3 {
		t.Errorf("%+v", done)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "# mine\nexport O2CB_ENABLED='true'\nO2CB_HEARTBEAT_THRESHOLD=5\nOTHER=\"a b\"\n" {
		t.Errorf("%q, %v", text, err)
	}
	before, err := os.Stat(link)
	if err != nil || before.Mode() != 0o600 {
		t.Errorf("%v, %v", before.Mode(), err)
	}
	note := make([]byte, 8)
	if n, err := unix.Getxattr(path, "user.note", note); err != nil || string(note[:n]) != "kept" {
		t.Errorf("the attribute: %q, %v", note[:max(n, 0)], err)
	}
	done, err = EnableBoot(t.Context(), path, true)
	after, _ := os.Stat(path)
	if err != nil || len(done.Changed) != 0 || !os.SameFile(before, after) {
		t.Errorf("what changes nothing: %+v, %v", done, err)
	}
}

// TestQuote holds what values are written as against a shell.
func TestQuote(t *testing.T) {
	for _, test := range []struct{ value, like, want string }{
		{"", "", ""},
		{"", "'a'", "''"},
		{"web", "", "web"},
		{"web", `"a"`, `"web"`},
		{"web", "'a'", "'web'"},
		{"a b", "", "'a b'"},
		{"a b", `"x"`, `"a b"`},
		{"it's", "", `"it's"`},
		{"it's", "'x'", `"it's"`},
		{"$(x) `y` \\", `"x"`, "'$(x) `y` \\'"},
		{"~root", "", "'~root'"},
		{"a;b", "", "'a;b'"},
		{"#a", "", "'#a'"},
		{"it's $x", "", ""},
		{"a\nb", "", ""},
		{"a\x7fb", "", ""},
	} {
		word, err := quote(test.value, test.like)
		if word != test.want || (err != nil) != (test.want == "" && test.value != "") {
			t.Errorf("quote(%q, %q) = %s, %v; want %s", test.value, test.like, word, err, test.want)
		}
		if err != nil {
			continue
		}
		out, err := exec.Command("sh", "-c", "a="+word+`; printf %s "$a"`).Output()
		if err != nil || string(out) != test.value {
			t.Errorf("to a shell %s is %q, %v; want %q", word, out, err, test.value)
		}
	}
}

// Edits of one process come one after the other, and none is lost.
func TestEditsLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o2cb")
	var group sync.WaitGroup
	for _, c := range []Change{{Enabled, "true"}, {BootCluster, "web"}, {HeartbeatThreshold, "61"}, {IdleTimeoutMS, "60000"}, {FenceMethod, "panic"}, {Node, "n1"}} {
		group.Go(func() {
			if _, err := Edit(t.Context(), path, c); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s, findings, err := Load(path)
	want := Settings{Enabled: true, Stack: "o2cb", BootCluster: "web", HeartbeatThreshold: 61, IdleTimeoutMS: 60000, FenceMethod: "panic", Node: "n1"}
	if err != nil || findings != nil || *s != want {
		t.Errorf("%+v, %v, %v", s, findings, err)
	}
}

func TestEditMakesTheFile(t *testing.T) {
	for _, changes := range [][]Change{nil, {{BootCluster, "web"}}} {
		path := filepath.Join(t.TempDir(), "default", "o2cb")
		done, err := Edit(t.Context(), path, changes...)
		if err != nil || !done.Created || len(done.Changed) != len(changes) {
			t.Fatalf("%+v, %v", done, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		text, err := os.ReadFile(path)
		want := Template()
		for _, c := range changes {
			want = strings.Replace(want, c.Variable+"=\n", c.Variable+"="+c.Value+"\n", 1)
		}
		if err != nil || string(text) != want {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestMendable(t *testing.T) {
	root := t.TempDir()
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"O2CB_ENABLED=maybe\nO2CB_STACK=ocfs2\nO2CB_BOOTCLUSTER=$(x)\nO2CB_KEEPALIVE_DELAY_MS=60000\n", nil},
		{"O2CB_NODE=$(hostname)\nO2CB_STACK=ocfs2\n", []string{"1:11 command-substitution"}},
		{". /etc/other\nO2CB_STACK=ocfs2\n", []string{"1:1 no-assignment"}},
	} {
		err := Mendable(write(t, root, "o2cb", test.text), Asked()...)
		var got []string
		if invalid, ok := errors.AsType[*InvalidError](err); ok {
			got = outcome(invalid.Findings)
		}
		if !slices.Equal(got, test.want) || (err != nil) != (test.want != nil) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
	if err := Mendable(filepath.Join(root, "missing"), Asked()...); err != nil {
		t.Error(err)
	}
	if err := Mendable(root, Asked()...); !errors.Is(err, ErrNotRegular) {
		t.Error(err)
	}
}

func TestEditFails(t *testing.T) {
	root := t.TempDir()
	path := write(t, root, "o2cb", "O2CB_STACK=o2cb\n")
	if err := os.Mkdir(filepath.Join(root, ".o2cb.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path string
		want error
	}{{path, unix.EISDIR}, {root, textfile.ErrNotRegular}, {filepath.Join(path, "x"), unix.ENOTDIR}, {filepath.Join(root, "no", "such", "o2cb"), unix.ENOENT}} {
		_, err := Edit(t.Context(), test.path, Change{Enabled, "true"})
		var failed *textfile.Error
		if !errors.Is(err, test.want) || !errors.As(err, &failed) {
			t.Errorf("%s: %v, want %v", test.path, err, test.want)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "O2CB_STACK=o2cb\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestTemplate holds the template against the parser, the variables and the file
// that packages install. With UPDATE_TEMPLATE=1 it writes that file.
func TestTemplate(t *testing.T) {
	s, findings := Parse("o2cb", []byte(Template()))
	if *s != (Settings{Stack: "o2cb"}) || findings != nil {
		t.Errorf("%+v, %v", s, findings)
	}
	r := &reader{}
	r.lines(Template())
	var order []string
	for _, a := range r.assignments {
		order = append(order, a.name)
	}
	if !slices.Equal(order, variables()) {
		t.Errorf("its variables are %v, want %v", order, variables())
	}
	const installed = "../../init/o2cb.sysconfig"
	if os.Getenv("UPDATE_TEMPLATE") != "" {
		if err := os.WriteFile(installed, []byte(Template()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(installed); err != nil || string(text) != Template() {
		t.Errorf("%s is not the template: UPDATE_TEMPLATE=1 go test ./libo2cb/settings -run TestTemplate: %v", installed, err)
	}
}
