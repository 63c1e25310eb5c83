// SPDX-License-Identifier: Apache-2.0

package service

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

var update = flag.Bool("update", false, "write testdata/differences.txt anew")

// outcome is what a call of a script came to.
type outcome struct {
	status         int
	stdout, stderr string
	after          string // what the node looks like
}

// TestActions does every action in every state by both scripts, side by side. What
// differs is in testdata/differences.txt, each with the paragraph of
// docs/compatibility.md that explains it.
func TestActions(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2), lab.RunLimit(15*time.Minute),
		lab.Disk("local", "64M"), lab.Disk("global", "64M"), lab.Disk("ours-local", "64M"), lab.Disk("ours-global", "64M"))
	var outcomes [2]map[string]outcome
	var wait sync.WaitGroup
	for i, n := range c.Nodes() {
		prepare(t, n, i)
		wait.Go(func() { outcomes[i] = runAll(t, n) })
	}
	wait.Wait()
	if !t.Failed() {
		compare(t, outcomes[0], outcomes[1])
	}
}

// prepare makes the volumes of a node and on the second node puts the product in the
// place of Debian's programs. Each node has two disks of its own, under the same names.
// The C tools look for regions on devices of few names, of which loop is one.
func prepare(t *testing.T, n *lab.Node, index int) {
	t.Helper()
	if index == 1 {
		install(t, n)
		n.MustShell("mv /dev/ubdc /dev/ubda && mv /dev/ubdd /dev/ubdb")
	}
	const mkfs = "mkfs.ocfs2 -q -x -F -b 4096 -C 4096 -N 2 -J size=4M --cluster-stack=o2cb --cluster-name=web "
	n.MustShell(mkfs + "-U " + localRegion + " /dev/ubda && " + mkfs + "--global-heartbeat -U " + globalRegion + " /dev/ubdb && modprobe loop && losetup /dev/loop0 /dev/ubdb")
}

// runAll does all actions on one node.
func runAll(t *testing.T, n *lab.Node) map[string]outcome {
	h := &host{Node: n, t: t}
	all := map[string]outcome{}
	for _, name := range slices.Sorted(maps.Keys(states())) {
		for _, action := range actions(name) {
			begun := time.Now()
			h.enter(name)
			entered := time.Now()
			all[name+": "+action] = h.call(states()[name], action)
			t.Logf("%s: %s: %s: %.1f s to enter, %.1f s", n.Name(), name, action, entered.Sub(begun).Seconds(), time.Since(entered).Seconds())
		}
	}
	h.leave()
	return all
}

// call calls the script.
func (h *host) call(s state, action string) outcome {
	command := script + " " + action
	if s.user != 0 {
		command = fmt.Sprintf("setpriv --reuid=%d --regid=%[1]d --clear-groups %s", s.user, command)
	}
	r := h.Shell("exec " + command + " </dev/null")
	return outcome{r.Status, h.nameless(r.Stdout), r.Stderr, h.nameless(h.MustShell(look).Stdout)}
}

// nameless writes what is called differently on the two nodes, or each time, by one name.
func (h *host) nameless(text string) string {
	text = process.ReplaceAllString(text, "process PID")
	return strings.NewReplacer(h.Name(), "NODE", "/dev/loop0", "DISK", "/dev/ubdd", "DISK").Replace(text)
}

// process is how a process is named: number and command.
var process = regexp.MustCompile(`process \d+ \(\S+\)`)

// compare compares what the scripts did.
func compare(t *testing.T, theirs, ours map[string]outcome) {
	t.Helper()
	var b strings.Builder
	differ := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		c, o := theirs[name], ours[name]
		if o.status != 0 && o.stdout+o.stderr == "" {
			t.Errorf("%s: ours fails with %d and says nothing", name, o.status)
		}
		if c.status == o.status && c.stdout == o.stdout && c.after == o.after {
			continue
		}
		differ[name] = true
		describe(&b, name, c, o)
	}
	if *update {
		if err := os.WriteFile(differencesFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := rig.Changes(read(t, differencesFile), b.String()); diff != "" {
		t.Errorf("%s is not what happens (go test -update writes it anew):\n%s", differencesFile, diff)
	}
	checkReasons(t, differ)
}

// describe writes in what the outcomes of a call differ.
func describe(b *strings.Builder, name string, c, o outcome) {
	fmt.Fprintf(b, "%s\nstatus %d, Debian %d\n", name, o.status, c.status)
	for _, part := range []struct{ name, c, ours string }{{"stdout", c.stdout, o.stdout}, {"node", c.after, o.after}} {
		if diff := rig.Changes(part.c, part.ours); diff != "" {
			fmt.Fprintf(b, "%s:\n%s", part.name, diff)
		}
	}
	b.WriteByte('\n')
}
