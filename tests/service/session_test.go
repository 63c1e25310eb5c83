// SPDX-License-Identifier: Apache-2.0

package service

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
	"github.com/o2cb-go/o2cb/tests/rig"
)

// session is that of the original README, and what it does not say: Enter keeps, a
// bad answer is asked for again, and Ctrl-C changes nothing. Each shell has its turn.
func session() []typed {
	return []typed{
		{Command: script + " enable"},
		{Command: script + " configure", Answers: []string{"y\n", "\n"}},
		{Command: "busybox sh " + script + " configure", Answers: []string{"maybe\n", "y\n", "bad/name\n", "ocfs2\n"}},
		{Command: "cat " + settingsPath},
		{Command: script + " configure", Answers: []string{"n\n", "other\n", "\x03"}},
		{Command: "cat " + settingsPath},
		{Command: script + " stop"},
		{Command: "bash " + script + " load"},
		{Command: "dash " + script + " online ocfs2"},
		{Command: "busybox sh " + script + " status"},
		{Command: script + " stop"},
		{Command: script + " start"},
		{Command: script + " status"},
		{Command: script + " disable"},
		{Command: script + " start; echo $?"},
	}
}

// readme is what the original README shows of such a session, in its order.
var readme = []string{
	"Writing O2CB configuration: OK",
	"Configuring the O2CB driver.",
	"This will configure the on-boot properties of the O2CB driver.",
	"The following questions will determine whether the driver is loaded on",
	"boot.  The current values will be shown in brackets ('[]').  Hitting",
	"<ENTER> without typing an answer will keep that current value.  Ctrl-C",
	"will abort.",
	"Load O2CB driver on boot (y/n) [y]: y",
	"Cluster to start on boot (Enter \"none\" to clear) []:",
	"Writing O2CB configuration: OK",
	"Load O2CB driver on boot (y/n) [y]: y",
	"Cluster to start on boot (Enter \"none\" to clear) []: ocfs2",
	"Writing O2CB configuration: OK",
}

// TestSession types it at a terminal in a guest.
func TestSession(t *testing.T) {
	n := lab.Start(t, lab.Nodes(1)).Node(0)
	install(t, n)
	n.MustShell("rm -f " + settingsPath + " && mkdir -p /etc/ocfs2")
	n.WriteFile(rig.ConfigPath, []byte(strings.ReplaceAll(configuration(n, false), "web", "ocfs2")), 0o644)
	orders, err := json.Marshal(session())
	if err != nil {
		t.Fatal(err)
	}
	r := n.RunSelf("typist", string(orders))
	if r.Status != 0 {
		t.Fatalf("status %d: %s", r.Status, r.Stderr)
	}
	const file = "testdata/session.txt"
	if *update {
		if err := os.WriteFile(file, []byte(r.Stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := rig.Changes(read(t, file), r.Stdout); diff != "" {
		t.Errorf("%s is not what is shown (go test -update writes it anew):\n%s", file, diff)
	}
	rest := r.Stdout
	for _, line := range readme {
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Fatalf("the session has no %q behind what came before", line)
		}
		rest = after
	}
}
