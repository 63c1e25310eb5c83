// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// rounds is how often each program of the story adds one to the counter.
const rounds = 500

// story runs the demo's commands and prints them as a person would see them.
type story struct {
	tb    lab.TB
	out   io.Writer
	tool  string
	start time.Time
}

func newStory(tb lab.TB, out io.Writer) *story {
	return &story{tb: tb, out: out, tool: rig.Tool(tb, "o2cb_ctl"), start: time.Now()}
}

// tell tells the whole story on a freshly booted cluster.
func (s *story) tell(c *lab.Cluster) {
	s.describe(c)
	s.mistake(c.Node(0))
	s.online(c)
	s.heartbeat(c)
	s.count(c)
	s.survive(c)
	s.say("Shown in %.0f s: a file with a mistake found and mended, two kernels online from one file, a counter that lost\n"+
		"nothing, and a lock that outlived its holder's power. Read on in README.md; `make lab-shell` gives you the cluster.",
		time.Since(s.start).Seconds())
}

func (s *story) describe(c *lab.Cluster) {
	s.say("The whole cluster is described by one file, %s, the same on every node:", rig.ConfigPath)
	rig.Configure(c)
	s.quote(rig.Config(c))
}

func (s *story) mistake(n *lab.Node) {
	s.say("A file with mistakes is found out before it can hurt. Here a third node is announced that nobody describes,\n" +
		"and a port that no machine has:")
	wrong := strings.Replace(string(n.Pull(rig.ConfigPath)), "node_count = 2", "node_count = 3", 1)
	wrong = strings.Replace(wrong, "ip_port = 7777", "ip_port = 77777", 1)
	n.WriteFile("/tmp/wrong.conf", []byte(wrong), 0o644)
	r := s.run(n, "check", "/tmp/wrong.conf")
	for _, mistake := range []string{"node-count", "port-range"} {
		if r.Status == 0 || !strings.Contains(r.Stdout, mistake) {
			s.tb.Fatalf("check did not find the mistake %s", mistake)
		}
	}
}

func (s *story) online(c *lab.Cluster) {
	s.say("On each node: load the kernel's modules, then put the file's cluster into the kernel.")
	for _, n := range c.Nodes() {
		s.must(n, "load")
		s.must(n, "online", rig.Name)
		rig.Hasten(n)
	}
}

func (s *story) heartbeat(c *lab.Cluster) {
	s.say("A heartbeat on a shared disk tells the nodes that the others live. The kernel takes ten seconds to believe it\n" +
		"(and here eight, not sixty, to give a silent node up):")
	s.command(c.Node(0), rig.Format(c)...)
	for _, n := range c.Nodes() {
		s.command(n, "o2cb_ctl", "heartbeat", "start", c.Disk(0))
	}
	rig.Heartbeat(s.tb, c)
	s.must(c.Node(0), "status")
}

func (s *story) count(c *lab.Cluster) {
	s.say("Two Go programs, one on each node, add one to a number on a shared disk, %d times each. Reading, adding and\n"+
		"writing are three steps: only the lock they take around them keeps the number right.", rounds)
	programs := make([]*lab.Process, len(c.Nodes()))
	for i, n := range c.Nodes() {
		programs[i] = n.StartSelf("count", c.Disk(1), fmt.Sprint(rounds))
	}
	for i, p := range programs {
		r := p.Wait()
		if r.Status != 0 {
			s.tb.Fatalf("the program on %s: %s", c.Node(i).Name(), r.Stderr)
		}
		s.quote(c.Node(i).Name() + ": " + r.Stdout)
	}
	total, err := readCounter(c.DiskFile(1))
	if err != nil {
		s.tb.Fatalf("%v", err)
	}
	want := uint64(rounds * len(programs))
	s.say("The number on the disk is %d; %d was to be shown.", total, want)
	if total != want {
		s.tb.Fatalf("additions were lost")
	}
}

func (s *story) survive(c *lab.Cluster) {
	s.say("node1 takes a lock and keeps it. node0 wants it and waits. Then node1 loses its power.")
	c.Node(1).StartSelf("hold").WaitLine("held")
	s.quote("node1: holds the lock")
	waiter := c.Node(0).Start(lab.Command{Args: []string{s.tool, "lock", "demo", "flag", "--", "echo", "node0 has the lock now"}})
	s.command(c.Node(0), "o2cb_ctl", "lock", "demo", "flag", "--", "echo", "node0 has the lock now")
	select {
	case <-waiter.Done():
		s.tb.Fatalf("node0 had the lock while node1 held it: %s", waiter.Stdout())
	case <-time.After(2 * time.Second): // long enough for a person to see that node0 waits
	}
	c.Node(1).PowerOff()
	off := time.Now()
	s.quote("node1: *power cut*")
	r := waiter.Wait()
	if r.Status != 0 {
		s.tb.Fatalf("lock on node0: status %d: %s", r.Status, r.Stderr)
	}
	s.quote(r.Stdout)
	s.say("It took %.1f s: %d to %d s until node1 counts as dead, and up to 5 s until the kernel looks for locks to recover.",
		time.Since(off).Seconds(), (rig.DeadThreshold-1)*2, (rig.DeadThreshold+1)*2)
}

// say prints a paragraph of the story.
func (s *story) say(format string, args ...any) {
	fmt.Fprintf(s.out, "\n"+format+"\n\n", args...)
}

// quote prints what a file or a program says, indented.
func (s *story) quote(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		fmt.Fprint(s.out, "    ", line)
	}
}

// command prints a command line at the prompt of a node.
func (s *story) command(n *lab.Node, words ...string) {
	fmt.Fprintf(s.out, "    %s# %s\n", n.Name(), strings.Join(words, " "))
}

// run types an o2cb_ctl command at a node and prints its answer.
func (s *story) run(n *lab.Node, args ...string) lab.Result {
	s.command(n, append([]string{"o2cb_ctl"}, args...)...)
	r := n.Run(s.tool, args...)
	s.quote(r.Stdout + r.Stderr)
	return r
}

// must is run, and ends the story if the command fails.
func (s *story) must(n *lab.Node, args ...string) {
	if r := s.run(n, args...); r.Status != 0 {
		s.tb.Fatalf("o2cb_ctl %s failed with status %d", strings.Join(args, " "), r.Status)
	}
}
