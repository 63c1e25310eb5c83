// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

const (
	clusters = "/sys/kernel/config/cluster"
	settings = "/etc/default/o2cb"
)

// scene is one operation in the guest, with the way to where it starts.
type scene struct {
	tool    string
	before  []string // shell commands that lead to the start
	command []string // arguments of o2cb_ctl
	files   []string // that the operation may change
	// again is what leads to the target when the command itself cannot be given a
	// second time, having been done.
	again []string
}

// scenes are the operations that are swept, by name. two and three are files
// with that many nodes.
func scenes(tool string) map[string]scene {
	const quiet = " >/dev/null 2>&1"
	offline, online := tool+" offline"+quiet, tool+" online"+quiet
	two, three := "cp /root/two "+rig.ConfigPath, "cp /root/three "+rig.ConfigPath
	node := []string{"-C", "-i", "-n", "node2", "-t", "node", "-a", "cluster=web", "-a", "number=2", "-a", "ip_address=10.9.0.3", "-a", "ip_port=7777"}
	return map[string]scene{
		"online":  {before: []string{offline, two}, command: []string{"online"}},
		"offline": {before: []string{two, online}, command: []string{"offline"}},
		// The kernel keeps the dead threshold when a cluster goes.
		"apply": {before: []string{"echo O2CB_HEARTBEAT_THRESHOLD=31 > " + settings, offline, two, online, three, "echo O2CB_HEARTBEAT_THRESHOLD=7 > " + settings},
			command: []string{"apply", "--yes"}},
		"add node": {before: []string{"rm -f " + settings, two, online}, command: node, files: []string{rig.ConfigPath},
			again: []string{"sh", "-c", tool + " -C -i -n node2 -t node -a cluster=web -a number=2 -a ip_address=10.9.0.3 -a ip_port=7777 || " + tool + " online"}},
		"remove node": {before: []string{"rm -f " + settings, three, online}, command: []string{"-D", "-u", "-n", "node2", "-t", "node"}, files: []string{rig.ConfigPath},
			again: []string{"sh", "-c", tool + " -D -u -n node2 -t node || " + tool + " online"}},
	}
}

// verdict is what a sweep found.
type verdict struct {
	Calls   int      // how many calls the fault came at
	Changed int      // of these, how many left something half done
	Faults  []string // what was not as it should be
}

// sweep runs an operation again and again, each time with a fault at the next of
// its system calls, until it comes to its end without.
func sweep(args []string) int {
	tool, name, kind := args[0], args[1], args[2]
	s := scenes(tool)[name]
	s.tool = tool
	v, err := s.sweep(kinds[kind])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(v)
	return 0
}

// kinds are the faults of a sweep.
var kinds = map[string]struct {
	fault fault
	check func(s *scene, o outcome, start, target string) []string
}{
	"kill": {fault{}, (*scene).checkKilled},
	"fail": {fault{errno: syscall.EIO}, (*scene).checkFailed},
	"dead": {fault{errno: syscall.ENOSPC, on: true}, (*scene).checkKilled},
}

func (s *scene) sweep(kind struct {
	fault fault
	check func(s *scene, o outcome, start, target string) []string
}) (verdict, error) {
	var v verdict
	if err := s.prepare(); err != nil {
		return v, err
	}
	start := s.state()
	if o := s.run(s.command...); o.status != 0 {
		return v, fmt.Errorf("%v without a fault: %s", s.command, o.output)
	}
	target := s.state()
	if start == target {
		return v, errors.New("the operation changes nothing")
	}
	for {
		if err := s.prepare(); err != nil {
			return v, err
		}
		if now := s.state(); now != start {
			return v, fmt.Errorf("before call %d the start is\n%s\nnot\n%s", v.Calls+1, now, start)
		}
		f := kind.fault
		f.at = v.Calls + 1
		o, err := trace(f, s.tool, s.command...)
		if err != nil {
			return v, err
		}
		if !o.hit {
			break
		}
		v.Calls++
		if now := s.state(); now != start && now != target {
			v.Changed++
		}
		for _, fault := range kind.check(s, o, start, target) {
			v.Faults = append(v.Faults, fmt.Sprintf("call %d, %s (exit %d: %s): %s", v.Calls, o.call, o.status, strings.TrimSpace(o.output), fault))
		}
	}
	return v, nil
}

// checkKilled checks what a killed program left: the next run gets to the target.
func (s *scene) checkKilled(o outcome, start, target string) (faults []string) {
	left := s.state()
	if local := strings.Count(left, "/local 1\n"); local > 1 {
		faults = append(faults, fmt.Sprintf("%d local nodes", local))
	}
	if kernel(left) != kernel(start) && kernel(left) != kernel(target) && !s.partial() {
		faults = append(faults, "nothing says that it is half done:\n"+left)
	}
	command := s.command
	if s.again != nil {
		again := exec.Command(s.again[0], s.again[1:]...)
		if output, err := again.CombinedOutput(); err != nil {
			faults = append(faults, fmt.Sprintf("again: %v: %s", err, output))
		}
	} else if again := s.run(command...); again.status != 0 {
		faults = append(faults, "again: "+again.output)
	}
	if now := s.state(); now != target {
		faults = append(faults, "again led to\n"+now+"\nnot\n"+target)
	}
	if s.partial() {
		faults = append(faults, "there is still something half done")
	}
	return faults
}

// checkFailed checks what a program left whose call failed: all as before, or,
// when the call did not matter, all done. Of a file whose new content is in place
// and may not last it has to say so.
func (s *scene) checkFailed(o outcome, start, target string) (faults []string) {
	now := s.state()
	switch {
	case o.status == 0 && now != target:
		faults = append(faults, "it says that it succeeded, with\n"+now)
	case o.status != 0 && now == target && strings.Contains(o.output, "the new text is in place"):
	case o.status != 0 && now != start:
		faults = append(faults, "it failed and left\n"+now+"\nnot\n"+start)
	case o.status != 0 && strings.Count(strings.TrimSpace(o.output), "\n") > 0:
		faults = append(faults, "the failure has several lines")
	}
	if s.partial() {
		faults = append(faults, "there is something half done")
	}
	return faults
}

// prepare leads to where the operation starts.
func (s *scene) prepare() error {
	for _, line := range s.before {
		if output, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, output)
		}
	}
	return nil
}

func (s *scene) run(args ...string) outcome {
	cmd := exec.Command(s.tool, args...)
	output, _ := cmd.CombinedOutput()
	return outcome{status: cmd.ProcessState.ExitCode(), output: string(output)}
}

// partial tells whether plan knows of an operation that was cut short.
func (s *scene) partial() bool {
	var preview struct{ Interrupted *struct{ Operation string } }
	output, _ := exec.Command(s.tool, "plan", "--json").Output()
	return json.Unmarshal(output, &preview) == nil && preview.Interrupted != nil
}

// state is the kernel's cluster and what the operation may change besides.
func (s *scene) state() string {
	var b strings.Builder
	err := filepath.WalkDir(clusters, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			fmt.Fprintln(&b, path)
			return err
		}
		value, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %s\n", path, strings.TrimSpace(string(value)))
		return err
	})
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	b.WriteString(fileMark)
	for _, name := range s.files {
		content, err := os.ReadFile(name)
		fmt.Fprintf(&b, "%s %v\n%s", name, err, content)
	}
	return b.String()
}

const fileMark = "--- files\n"

// kernel is the part of a state that is the kernel's.
func kernel(state string) string {
	tree, _, _ := strings.Cut(state, fileMark)
	return tree
}

// TestFaultAtEveryCall kills o2cb_ctl at each system call that changes something,
// lets each such call fail, and lets all fail from each on: after a kill, or when
// even the undo fails, running again reaches the target, and until then plan says
// that something is half done; after one failure all is as before.
func TestFaultAtEveryCall(t *testing.T) {
	for kind, names := range map[string][]string{
		"kill": {"online", "offline", "apply", "add node", "remove node"},
		"fail": {"online", "offline", "apply", "add node", "remove node"},
		"dead": {"apply", "add node"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := lab.Start(t, lab.Nodes(1), lab.RunLimit(20*time.Minute)) // some hundred runs, each traced
			n, tool := c.Node(0), rig.Tool(t, "o2cb_ctl")
			n.WriteFile("/root/two", []byte(config(2)), 0o644)
			n.WriteFile("/root/three", []byte(config(3)), 0o644)
			n.MustRun(tool, "load")
			for _, name := range names {
				t.Run(name, func(t *testing.T) { checkSweep(t, n, name, kind) })
			}
		})
	}
}

func checkSweep(t *testing.T, n *lab.Node, name, kind string) {
	r := n.RunSelf("sweep", rig.Tool(t, "o2cb_ctl"), name, kind)
	var v verdict
	if r.Status != 0 || json.Unmarshal([]byte(r.Stdout), &v) != nil {
		t.Fatalf("status %d: %s%s", r.Status, r.Stdout, r.Stderr)
	}
	t.Logf("%d calls, half done after %d", v.Calls, v.Changed)
	if v.Calls < 10 || kind == "kill" && v.Changed == 0 {
		t.Errorf("only %d calls met the fault, and %d left something half done", v.Calls, v.Changed)
	}
	for _, fault := range v.Faults {
		t.Error(fault)
	}
}

// config is a cluster.conf with so many nodes, in the lab's addresses.
func config(nodes int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster:\n\tname = web\n\tnode_count = %d\n\n", nodes)
	for i := range nodes {
		fmt.Fprintf(&b, "node:\n\tname = node%d\n\tcluster = web\n\tnumber = %d\n\tip_address = 10.9.0.%d\n\tip_port = 7777\n\n", i, i, i+1)
	}
	return b.String()
}
