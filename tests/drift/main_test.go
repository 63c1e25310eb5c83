// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

func TestMain(m *testing.M) { lab.Main(m, nil) }

// peer is what status --json says of another node.
type peer struct {
	Name        string
	State       string
	Reason      string
	Differences []struct{ Setting, Own, Theirs string }
}

// value returns what the node has of a setting, as the status that names it says.
func (p peer) value(setting string) string {
	for _, d := range p.Differences {
		if d.Setting == setting {
			return d.Theirs
		}
	}
	return ""
}

// report is the part of status --json that is about the other nodes.
type report struct {
	Published bool
	Reason    string
	Peers     []peer
}

func (r report) of(name string) peer {
	for _, p := range r.Peers {
		if p.Name == name {
			return p
		}
	}
	return peer{}
}

// status returns what a node says of the others.
func status(t testing.TB, n *lab.Node, options ...string) report {
	t.Helper()
	var answer struct{ Peers *report }
	out := n.MustRun(rig.Tool(t, "o2cb_ctl"), append([]string{"status", "--json"}, options...)...).Stdout
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if answer.Peers == nil {
		return report{Reason: "nobody was asked"}
	}
	return *answer.Peers
}

// patience is how long a test waits for what takes the kernel seconds.
const patience = 2 * time.Minute

// eventually asks a node until its answer is good.
func eventually(t testing.TB, n *lab.Node, what string, good func(report) bool) report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		r := status(t, n)
		if good(r) {
			return r
		}
		if ctx.Err() != nil {
			t.Fatalf("on %s, %s: not within %v; in the end there was %+v", n.Name(), what, patience, r)
		}
	}
}

// allSame waits until every node says that all others have its configuration.
func allSame(t testing.TB, c *lab.Cluster) {
	t.Helper()
	for _, n := range c.Nodes() {
		eventually(t, n, "all are the same", func(r report) bool {
			for _, p := range r.Peers {
				if p.State != "same" {
					return false
				}
			}
			return r.Published && len(r.Peers) == len(c.Nodes())-1
		})
	}
}
