// SPDX-License-Identifier: Apache-2.0

package service

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

// differencesFile holds, for each case that is marked, in what we differ from Debian's
// script: "-" is its line, "+" is ours.
const differencesFile = "testdata/differences.txt"

var update = flag.Bool("update", false, "rewrite "+differencesFile)

// action is a call of the script in a state.
type action struct {
	state   string
	args    string
	input   string // for configure
	user    bool   // not root
	reasons string // the paragraphs of docs/compatibility.md for what differs
}

func (a action) String() string {
	text := a.state + ": " + a.args
	if a.user {
		text += " (not root)"
	}
	return text
}

// outcome is what it did: a status, the standard output and what there was then.
type outcome struct{ said, errors, left string }

// pair is an action done by both.
type pair struct {
	action
	c, ours outcome
}

// TestSameAsDebiansScript does every action in every state by both.
func TestSameAsDebiansScript(t *testing.T) {
	all := actions()
	pairs := make([]pair, len(all))
	t.Run("guests", func(t *testing.T) {
		for name, mine := range map[string]func(action) bool{"quick": func(a action) bool { return !a.beats() }, "beating": action.beats} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGuest(t)
				for i, a := range all {
					if mine(a) {
						began := time.Now()
						pairs[i] = pair{a, g.do(a, "/run/debian-o2cb"), g.do(a, "/etc/init.d/o2cb")}
						t.Logf("%s: %.1f s", a, time.Since(began).Seconds())
					}
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	check(t, pairs)
}

// beats tells whether a heartbeat runs in the action's state, which takes its time.
func (a action) beats() bool { return a.state == "mounted" || a.state == "locked" }

func check(t *testing.T, pairs []pair) {
	t.Helper()
	reasons := explained(t)
	unused := map[string]bool{}
	for r := range reasons {
		unused[r] = true
	}
	var b strings.Builder
	for _, p := range pairs {
		diff := changes(p.c.said+p.c.left, p.ours.said+p.ours.left)
		if (diff == "") != (p.reasons == "") {
			t.Errorf("%s: marked with %q, and differs in\n%serrors of C:\n%serrors of ours:\n%s", p.action, p.reasons, diff, p.c.errors, p.ours.errors)
		}
		for r := range strings.FieldsSeq(p.reasons) {
			if !reasons[r] {
				t.Errorf("%s: docs/compatibility.md has no paragraph %s", p.action, r)
			}
			delete(unused, r)
		}
		if diff != "" {
			fmt.Fprintf(&b, "%s (%s)\n%s\n", p.action, p.reasons, diff)
		}
		if !strings.Contains(p.ours.said, "status 0") && p.ours.errors == "" && !strings.Contains(p.args, "status") && p.args != "nonsense" {
			t.Errorf("%s: ours fails and does not say why: %s", p.action, p.ours.said)
		}
	}
	for r := range unused {
		t.Errorf("docs/compatibility.md: nothing shows paragraph %s", r)
	}
	if *update {
		if err := os.WriteFile(differencesFile, []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
		return
	}
	want, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := changes(string(want), b.String()); diff != "" {
		t.Errorf("%s is not what happens (go test -update writes it anew):\n%s", differencesFile, diff)
	}
}

// explained returns the numbers of the paragraphs about the init script.
func explained(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(S\d+)\. `).FindAllStringSubmatch(string(text), -1) {
		numbers[m[1]] = true
	}
	if len(numbers) == 0 {
		t.Fatal("docs/compatibility.md has no paragraphs S1, S2, …")
	}
	return numbers
}

// changes returns the lines that are in one text only, in their order.
func changes(from, to string) string {
	a, b := strings.SplitAfter(from, "\n"), strings.SplitAfter(to, "\n")
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i++
			j++
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(&out, "-%s\n", strings.TrimSuffix(a[i], "\n"))
			i++
		default:
			fmt.Fprintf(&out, "+%s\n", strings.TrimSuffix(b[j], "\n"))
			j++
		}
	}
	return out.String()
}

// guest is a node with both scripts.
type guest struct {
	t     *testing.T
	node  *lab.Node
	state string // that it is in, as far as nothing has changed since
	left  string // what there was when it entered it
}

// prelude reads the functions in a shell of the guest.
const prelude = ". /run/states.sh\n"

func newGuest(t *testing.T) *guest {
	t.Helper()
	c := lab.Start(t, lab.Nodes(1), lab.Disk("volume", "64M"), lab.RunLimit(15*time.Minute))
	n := c.Node(0)
	tool := rig.Tool(t, "o2cb_ctl")
	states, err := os.ReadFile("states.sh")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../init/o2cb")
	if err != nil {
		t.Fatal(err)
	}
	n.WriteFile("/run/states.sh", []byte("disk="+c.Disk(0)+"\n"+string(states)), 0o644)
	n.WriteFile("/run/cluster.conf", []byte(strings.ReplaceAll(rig.Config(c), "cluster = "+rig.Name, "cluster = web")), 0o644)
	// Debian's command stays o2cb in PATH; ours is where the script looks for it.
	n.MustShell("sed -i 's/name = " + rig.Name + "$/name = web/' /run/cluster.conf; cp /etc/init.d/o2cb /run/debian-o2cb; cp /bin/sleep /run/holder; chmod 755 /run; ln -sf " + tool + " /usr/local/sbin/o2cb_ctl; [ ! -e /usr/sbin/o2cb_ctl ] || ln -sf " + tool + " /usr/sbin/o2cb_ctl; [ ! -e /sbin/o2cb_ctl ] || ln -sf " + tool + " /sbin/o2cb_ctl")
	n.WriteFile("/etc/init.d/o2cb", script, 0o755)
	n.MustShell("mkfs.ocfs2 -q -x -F -b 4096 -C 4096 -N 2 -J size=4M --cluster-stack=o2cb --cluster-name=web " + c.Disk(0))
	return &guest{t: t, node: n}
}

// do does an action by one script.
func (g *guest) do(a action, script string) outcome {
	g.t.Helper()
	if g.state != a.state {
		r := g.node.Shell(prelude + "enter " + a.state + " >/run/entered 2>&1 || { cat /run/entered; exit 1; }; look")
		if r.Status != 0 {
			g.t.Fatalf("enter %s: %s%s", a.state, r.Stdout, r.Stderr)
		}
		g.state, g.left = a.state, r.Stdout
	}
	command := script + " " + a.args
	if a.user {
		command = "setpriv --reuid=65534 --regid=65534 --clear-groups " + command
	}
	g.node.WriteFile("/run/input", []byte(a.input), 0o644)
	r := g.node.Shell(prelude + "cd /; " + command + " </run/input; status=$?; look >/run/left; exit $status")
	left := string(g.node.Pull("/run/left"))
	if left != g.left {
		g.state = "" // to be entered again
	}
	said := strings.ReplaceAll(r.Stdout, script, "o2cb")
	return outcome{fmt.Sprintf("status %d\n%s", r.Status, said), r.Stderr, left}
}

// actions are all of them.
func actions() []action {
	var all []action
	marks := marked()
	every := []string{"online-status", "status", "load", "nonsense", "start", "online", "force-offline", "offline", "unload", "stop", "restart", "force-reload", "enable", "disable"}
	for _, state := range []string{"nothing", "loaded", "online", "mounted", "locked"} {
		for _, args := range every {
			all = append(all, action{state: state, args: args})
		}
	}
	// Where the settings or the file say less, or the caller is nobody, what does not
	// depend on that is as above.
	for _, args := range []string{"status", "start", "online", "stop"} {
		all = append(all, action{state: "unconfigured", args: args}, action{state: "unsettled", args: args})
	}
	for _, args := range []string{"start", "restart", "enable", "disable"} {
		all = append(all, action{state: "disabled", args: args})
	}
	for _, args := range []string{"online-status nope", "status nope", "start nope", "online nope", "offline nope", "force-offline nope", "stop nope"} {
		all = append(all, action{state: "loaded", args: args})
	}
	for _, args := range []string{"online-status", "status", "start", "online", "offline", "stop", "enable", "disable"} {
		all = append(all, action{state: "online", args: args, user: true})
	}
	const seven = "y\n\nweb\n\n\n\n\n"
	all = append(all, action{state: "loaded", args: "configure", input: seven}, action{state: "asked", args: "configure", input: seven},
		action{state: "asked", args: "configure", input: "maybe\nn\n"})
	for i := range all {
		all[i].reasons = marks[all[i].String()]
	}
	return all
}

// marked returns the marks of testdata/marks.txt: by case, the paragraphs.
func marked() map[string]string {
	text, err := os.ReadFile("testdata/marks.txt")
	if err != nil {
		return nil
	}
	marks := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, reasons, found := strings.Cut(strings.TrimSpace(line), " ## "); found {
			marks[name] = reasons
		}
	}
	return marks
}
