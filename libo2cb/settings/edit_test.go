// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/safefile"
)

func TestSet(t *testing.T) {
	for _, test := range []struct{ name, text, variable, value, want string }{
		{"plain", "O2CB_ENABLED=false\n", Enabled, "true", "O2CB_ENABLED=true\n"},
		{"with a comment", "# a\nO2CB_ENABLED=false # no\nOTHER='x y'\n", Enabled, "true", "# a\nO2CB_ENABLED=true # no\nOTHER='x y'\n"},
		{"in quotes", "O2CB_STACK=\"pcmk\"\nX=1\n", Stack, "o2cb", "O2CB_STACK=\"o2cb\"\nX=1\n"},
		{"exported", "  export O2CB_BOOTCLUSTER='a' \n", BootCluster, "web", "  export O2CB_BOOTCLUSTER='web' \n"},
		{"to nothing", "O2CB_BOOTCLUSTER=web\n", BootCluster, "", "O2CB_BOOTCLUSTER=\n"},
		{"the last one counts", "O2CB_NODE=a\nO2CB_NODE=b\n", Node, "c", "O2CB_NODE=a\nO2CB_NODE=c\n"},
		{"a comment is none", "#O2CB_ENABLED=false\n", Enabled, "true",
			"#O2CB_ENABLED=false\n\n# " + purpose(Enabled) + "\nO2CB_ENABLED=true\n"},
		{"a longer name", "O2CB_ENABLED_NOT=false", Enabled, "true",
			"O2CB_ENABLED_NOT=false\n\n# " + purpose(Enabled) + "\nO2CB_ENABLED=true\n"},
		{"shell goes", "O2CB_NODE=$(hostname -s)\n", Node, "a", "O2CB_NODE=a\n"},
		{"nothing there", "", Enabled, "true", "# " + purpose(Enabled) + "\nO2CB_ENABLED=true\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := &Text{lines: strings.Split(test.text, "\n")}
			text.Set(test.variable, test.value)
			if got := text.String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			once := text.String()
			text.Set(test.variable, test.value)
			if text.String() != once {
				t.Errorf("a second time: %q", text)
			}
		})
	}
}

func TestEditKeepsTheRest(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	const before = "# mine\nEXTRA=1\n\nO2CB_IDLE_TIMEOUT_MS=5000 # fast\nO2CB_ENABLED=false\n"
	if err := os.WriteFile(real, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "o2cb")
	if err := os.Symlink("real", path); err != nil {
		t.Fatal(err)
	}
	enable := func(text *Text) error {
		text.Set(Enabled, "true")
		return nil
	}
	if err := Edit(t.Context(), path, enable); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(real)
	if want := strings.Replace(before, "false", "true", 1); err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
	info, err := os.Lstat(real)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	was := info.Sys().(*syscall.Stat_t).Ino
	if err := Edit(t.Context(), path, enable); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(real); err != nil || info.Sys().(*syscall.Stat_t).Ino != was {
		t.Errorf("an edit that changes nothing wrote the file: %v", err)
	}
}

func TestEditMakesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "default", "o2cb")
	if err := Edit(t.Context(), path, func(text *Text) error { text.Set(BootCluster, "web"); return nil }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	want := strings.Replace(Template(), "O2CB_BOOTCLUSTER=\n", "O2CB_BOOTCLUSTER=web\n", 1)
	if err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
}

func TestEditRefuses(t *testing.T) {
	own := errors.New("my own")
	for _, test := range []struct {
		name, text string
		edit       func(path string, t *Text) error
		want       error // nil for an InvalidError
	}{
		{"a value that is out of range", "", func(_ string, t *Text) error { t.Set(HeartbeatThreshold, "2"); return nil }, nil},
		{"shell elsewhere", "X=$(date)\n", func(_ string, t *Text) error { t.Set(Enabled, "true"); return nil }, nil},
		{"its own error", "", func(_ string, t *Text) error { t.Set(Enabled, "true"); return own }, own},
		{"a file that changed", "", func(path string, t *Text) error {
			t.Set(Enabled, "true")
			return os.WriteFile(path, []byte("X=2\n"), 0o644)
		}, safefile.ErrChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "o2cb")
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			err := Edit(t.Context(), path, func(text *Text) error { return test.edit(path, text) })
			_, invalid := errors.AsType[*cluster.InvalidError](err)
			if test.want == nil && !invalid || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("Edit: %v", err)
			}
			if text, _ := os.ReadFile(path); strings.Contains(string(text), "O2CB") {
				t.Errorf("refused, but written: %q", text)
			}
		})
	}
}

// TestTemplateIsFitForShells has a shell source the template.
func TestTemplateIsFitForShells(t *testing.T) {
	s, findings := Parse("o2cb", []byte(Template()))
	if len(findings) > 0 || *s != (Settings{}) {
		t.Errorf("%+v, %v", s, findings)
	}
	text := &Text{lines: strings.Split(Template(), "\n")}
	for name, value := range map[string]string{Enabled: "true", BootCluster: "web", Node: "node.example"} {
		text.Set(name, value)
	}
	out, err := exec.Command("sh", "-euc", text.String()+"\necho $O2CB_ENABLED,$O2CB_STACK,$O2CB_BOOTCLUSTER,$O2CB_NODE").CombinedOutput()
	if err != nil || string(out) != "true,,web,node.example\n" {
		t.Errorf("%q, %v", out, err)
	}
	file, err := os.ReadFile("../../init/o2cb.sysconfig")
	if err != nil || string(file) != Template() {
		t.Errorf("init/o2cb.sysconfig is not the template: %v", err)
	}
}
