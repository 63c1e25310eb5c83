// SPDX-License-Identifier: Apache-2.0

package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/plan"
	"github.com/o2cb-go/o2cb/tests/lab"
	"golang.org/x/sys/unix"
)

// crash brings web online and kills itself at the event of the given number, or
// ends well when there are fewer.
func crash(args []string) int {
	at, err := strconv.Atoi(args[0])
	if err != nil {
		return answer("", err)
	}
	m := libo2cb.New(libo2cb.Options{Observe: func(plan.Event) error {
		if at == 0 {
			unix.Kill(os.Getpid(), unix.SIGKILL)
		}
		at--
		return nil
	}})
	return answer(m.Online(context.Background(), ""))
}

// twice brings the cluster of the configuration up, two times.
func twice(m *libo2cb.Manager, ctx context.Context) ([]libo2cb.Report, error) {
	first, err := m.Online(ctx, "")
	if err != nil {
		return nil, err
	}
	second, err := m.Online(ctx, "")
	return []libo2cb.Report{first, second}, err
}

// removeCluster takes the quiet cluster web down by hand.
func removeCluster(t testing.TB, n *lab.Node) {
	t.Helper()
	n.MustShell("cd " + mountPoint + "/cluster && rmdir web/node/* web")
}

// TestOnlineAfterACrash kills a process that brings the cluster up before and
// after each step, and leaves nodes in every half-made state that there is:
// running again leads to the same cluster each time.
func TestOnlineAfterACrash(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2))
	configure(t, c)
	n := c.Node(0)
	ask[json.RawMessage](t, n, "online")
	whole := configTree(t, n)
	heal := func(t *testing.T) {
		t.Helper()
		runs := ask[[]libo2cb.Report](t, n, "twice")
		same(t, "after running again", configTree(t, n), whole)
		if runs[1].Changed() {
			t.Errorf("another run still found something to do: %+v", runs[1])
		}
		removeCluster(t, n)
	}
	removeCluster(t, n)
	for at := 0; ; at++ {
		r := n.RunSelf("crash", strconv.Itoa(at))
		t.Run(fmt.Sprintf("event %d", at), heal)
		if r.Status == 0 {
			if want := 2 * 4; at != want { // before and after each of four steps
				t.Errorf("the plan had %d events, want %d", at, want)
			}
			break
		}
	}
	for name, script := range map[string]string{
		"empty node":               "mkdir node1",
		"port only":                "mkdir node1; echo 7777 > node1/ipv4_port",
		"no number, which is 0":    "mkdir node0; echo 7777 > node0/ipv4_port; echo 10.9.0.1 > node0/ipv4_address",
		"no number, which is 1":    "mkdir node1; echo 7777 > node1/ipv4_port; echo 10.9.0.2 > node1/ipv4_address",
		"local missing":            "mkdir node0; echo 7777 > node0/ipv4_port; echo 10.9.0.1 > node0/ipv4_address; echo 0 > node0/num",
		"a stranger":               "mkdir stranger; echo 7777 > stranger/ipv4_port; echo 10.9.0.2 > stranger/ipv4_address; echo 1 > stranger/num",
		"a stranger, and is local": "mkdir stranger; echo 7777 > stranger/ipv4_port; echo 10.9.0.1 > stranger/ipv4_address; echo 0 > stranger/num; echo 1 > stranger/local",
	} {
		t.Run(name, func(t *testing.T) {
			n.MustShell("set -e; mkdir " + mountPoint + "/cluster/web; cd " + mountPoint + "/cluster/web/node; " + script)
			heal(t)
		})
	}
}

// TestNumberZeroThatIsNone is the half-made state that configfs does not show:
// seen from node 1, node 0 looks whole and has no number.
func TestNumberZeroThatIsNone(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2))
	configure(t, c)
	n := c.Node(1)
	ask[json.RawMessage](t, n, "online")
	whole := configTree(t, n)
	n.MustShell("set -e; cd " + mountPoint + "/cluster/web/node; rmdir node0; mkdir node0; echo 7777 > node0/ipv4_port; echo 10.9.0.1 > node0/ipv4_address")
	same(t, "node 0 without its number", configTree(t, n), whole)
	up := ask[libo2cb.Report](t, n, "online")
	if len(up.Steps) != 0 || len(up.Completed) != 1 || up.Completed[0] != "node0" {
		t.Errorf("online reports %+v, want node0 completed", up)
	}
	if r := n.Shell("echo 0 > " + mountPoint + "/cluster/web/node/node0/num"); r.Status == 0 {
		t.Error("the number of node 0 could still be set")
	}
}

// cancel brings web online and ends its context at the event of the given number.
func cancel(args []string) int {
	at, err := strconv.Atoi(args[0])
	if err != nil {
		return answer("", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	m := libo2cb.New(libo2cb.Options{Observe: func(plan.Event) error {
		if at == 0 {
			stop()
		}
		at--
		return nil
	}})
	_, err = m.Online(ctx, "")
	if err != nil && !errors.Is(err, context.Canceled) {
		return answer("", fmt.Errorf("not the cancellation: %w", err))
	}
	return answer(err != nil, nil)
}

// TestFailingStepUndoesAll lets each step in turn fail, by the kernel or by a
// cancelled context: the tree is as it was.
func TestFailingStepUndoesAll(t *testing.T) {
	c := lab.Start(t, lab.Nodes(2))
	configure(t, c)
	n := c.Node(0)
	ask[json.RawMessage](t, n, "load")
	empty := configTree(t, n)
	for at := range 6 { // at the last two events no step is left to be kept from
		cancelled := ask[bool](t, n, "cancel", strconv.Itoa(at))
		if !cancelled {
			t.Errorf("cancelling at event %d went unnoticed", at)
		}
		same(t, fmt.Sprintf("cancelled at event %d", at), configTree(t, n), empty)
	}

	ask[json.RawMessage](t, n, "online")
	up := configTree(t, n)
	// Another port for all, and that of the local node, which comes last, is taken.
	n.MustShell("sed -i 's/7777/7778/' " + configFile)
	busy := n.StartSelf("listen", n.Addr()+":7778")
	busy.WaitLine("listening")
	message := refuse(t, n, "online")
	says(t, message, "add node node0", `write "1" to `+mountPoint+"/cluster/web/node/node0/local", "port 7778", "were undone")
	same(t, "after the refused change", configTree(t, n), up)
	busy.Kill(unix.SIGKILL)
	busy.Wait()
	ask[json.RawMessage](t, n, "online")
	if tree := configTree(t, n); strings.Contains(tree, "7777") || strings.Count(tree, "7778") != 2 {
		t.Errorf("with the port free again:\n%s", tree)
	}
}
