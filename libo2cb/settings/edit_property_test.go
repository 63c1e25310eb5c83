// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// someLines are what settings files consist of; %v is a variable, %s a value.
func someLines() []string {
	return []string{"", "# %v=%s", "#", "  # text with 'quotes\"", "%v=%s", "%v='%s'", "%v=\"%s\"", "export %v=%s # comment", "\t%v=%s\t",
		"OTHER=\"a; b | c\"", "OTHER='$(x) `y`'", "%v=", "export OTHER=1", "%v='' # none"}
}

// someValues are values that a variable may have.
func someValues(variable string) []string {
	switch variable {
	case Enabled:
		return []string{"true", "false", ""}
	case Stack:
		return []string{"o2cb", "pcmk", ""}
	case FenceMethod:
		return []string{"reset", "panic", ""}
	case BootCluster, Node:
		return []string{"web", "a-b_c", "node7", ""}
	case KeepaliveDelayMS:
		return []string{"1000", "1500", ""}
	}
	return []string{"7000", "61000", ""}
}

// TestEditKeepsTheRest edits texts at random and holds each against three readers: the
// package, which must find the old settings with the changes; a comparison by line, of
// which only those of the changes may differ; and a shell that sources the file.
func TestEditKeepsTheRest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	dir := t.TempDir()
	var wanted []string
	for i := range 300 {
		var lines []string
		for range random.IntN(12) {
			variable := pick(variables())
			lines = append(lines, strings.NewReplacer("%v", variable, "%s", pick(someValues(variable))).Replace(pick(someLines())))
		}
		before := strings.Join(lines, "\n")
		var changes []Change
		for range 1 + random.IntN(3) {
			variable := pick(variables())
			changes = append(changes, Change{variable, pick(someValues(variable))})
		}
		after, _, _, err := edit("o2cb", before, changes)
		if err != nil {
			t.Fatalf("%q with %v: %v", before, changes, err)
		}
		checkEdit(t, before, after, changes)
		wanted = append(wanted, shellValues(t, after))
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), []byte(after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := "i=0; while [ -e $i ]; do (. ./$i; echo"
	for _, name := range variables() {
		script += ` "$` + name + `"`
	}
	cmd := exec.Command("sh", "-eu", "-c", "set +u; "+script+"); i=$((i+1)); done")
	cmd.Dir, cmd.Env = dir, []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(got) != len(wanted) {
		t.Fatalf("the shell read %d files of %d", len(got), len(wanted))
	}
	for i, line := range got {
		if line != wanted[i] {
			text, _ := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
			t.Errorf("%q: the shell reads %q, want %q", text, line, wanted[i])
		}
	}
}

// shellValues are the values of a text as the script above prints them.
func shellValues(t *testing.T, text string) string {
	t.Helper()
	r := &reader{}
	r.lines(text)
	values := make([]string, 0, len(variables()))
	for _, name := range variables() {
		a, _ := r.counts(name)
		values = append(values, a.value)
	}
	return strings.Join(values, " ")
}

// setField makes a change to settings.
func setField(t *testing.T, s *Settings, c Change) {
	t.Helper()
	word, err := quote(c.Value, "")
	if err != nil {
		t.Fatal(err)
	}
	value, _ := Parse("o2cb", []byte(c.Variable+"="+word))
	switch c.Variable {
	case Enabled:
		s.Enabled = value.Enabled
	case Stack:
		s.Stack = value.Stack
	case BootCluster:
		s.BootCluster = value.BootCluster
	case HeartbeatThreshold:
		s.HeartbeatThreshold = value.HeartbeatThreshold
	case IdleTimeoutMS:
		s.IdleTimeoutMS = value.IdleTimeoutMS
	case KeepaliveDelayMS:
		s.KeepaliveDelayMS = value.KeepaliveDelayMS
	case ReconnectDelayMS:
		s.ReconnectDelayMS = value.ReconnectDelayMS
	case FenceMethod:
		s.FenceMethod = value.FenceMethod
	case Node:
		s.Node = value.Node
	default:
		t.Fatalf("%s has no field", c.Variable)
	}
}

// checkEdit holds a text that was edited without an error against what it was.
func checkEdit(t *testing.T, before, after string, changes []Change) {
	t.Helper()
	want, _ := Parse("o2cb", []byte(before))
	changedLines := map[string]bool{}
	for _, c := range changes {
		changedLines[c.Variable] = true
		setField(t, want, c)
	}
	if is, _ := Parse("o2cb", []byte(after)); *is != *want {
		t.Errorf("%q with %v became %q:\n%+v, want\n%+v", before, changes, after, is, want)
	}
	of := func(text string) (others []string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if parts := assignLine().FindStringSubmatch(line); parts == nil || !changedLines[parts[1]] {
				others = append(others, line)
			}
		}
		return others
	}
	if was, is := of(before), of(after); !slices.Equal(was, is) && strings.Join(was, "")+strings.Join(is, "") != "" {
		t.Errorf("%q with %v became %q: the other lines differ", before, changes, after)
	}
}
