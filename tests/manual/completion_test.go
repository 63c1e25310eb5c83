// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// tabScript presses Tab in bash: it sets what readline sets and calls the function that
// the script for completion has registered. One line of its output is one completion.
const tabScript = `
. /usr/share/bash-completion/bash_completion
. <(o2cb_ctl completion bash)
tab() {
	COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
	read -ra COMP_WORDS <<< "$1"
	case $1 in *" ") COMP_WORDS+=("") ;; esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	complete -p "${COMP_WORDS[0]}" >/dev/null || return
	__start_o2cb_ctl "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}
`

// other is a configuration beside the kernel's.
const other = "cluster:\n\tname = spare\n\tnode_count = 1\n\nnode:\n\tcluster = spare\n\tnumber = 0\n\tname = gamma\n\tip_address = 192.0.2.9\n\tip_port = 7777\n"

// testCompletion presses Tab in bash, on a node whose kernel has a cluster, with another
// one in a file.
func testCompletion(t *testing.T, n *lab.Node) {
	n.WriteFile("/tmp/other.conf", []byte(other), 0o644)
	region := strings.TrimSpace(n.MustShell("ls -d /sys/kernel/config/cluster/web/heartbeat/*/ | xargs basename").Stdout)
	for line, want := range map[string]string{
		"o2cb_ctl stat":                                              "status",
		"o2cb_ctl online --permiss":                                  "--permissive",
		"o2cb_ctl online ":                                           "web",
		"o2cb_ctl --config /tmp/other.conf online ":                  "web spare",
		"o2cb_ctl --config /tmp/other.conf --local-node ":            "gamma alpha beta",
		"o2cb_ctl --config /tmp/other.conf -I -t node -n g":          "gamma",
		"o2cb_ctl heartbeat stop " + region[:4]:                      region,
		"o2cb_ctl volume " + "/dev/v":                                "/dev/vda",
		"o2cb_ctl fmt --w":                                           "--write",
		"o2cb register-":                                             "register-cluster",
		"o2cb --config-file /tmp/other.conf remove-node spare ":      "gamma",
		"o2cb --config-file /tmp/other.conf list-nodes --oneline sp": "spare",
	} {
		r := n.MustRun("bash", "--norc", "-c", tabScript+"tab \"$1\"", "bash", line)
		var offered []string
		for offer := range strings.Lines(r.Stdout) {
			name, _, _ := strings.Cut(strings.TrimSpace(offer), " ")
			offered = append(offered, name)
		}
		if got := strings.Join(offered, " "); got != want {
			t.Errorf("%q offers %q, want %q\n%s", line, got, want, r.Stderr)
		}
	}
	testTyping(t, n)
	testOtherShells(t, n)
}

// typing is what somebody types into a bash that has the completion, with Tab and Enter.
const typing = "o2cb_ctl --config /tmp/other.conf che\t --js\t >/tmp/typed\n" +
	"o2cb --config-file /tmp/other.conf list-no\t --on\tsp\t >>/tmp/typed\n" +
	"o2cb_ctl --config /tmp/other.conf -I -t no\t -n gam\t -o >>/tmp/typed\n" +
	"exit\n"

// testTyping types into an interactive bash on a terminal, and looks at what the
// completed commands did.
func testTyping(t *testing.T, n *lab.Node) {
	t.Helper()
	n.WriteFile("/tmp/rc", []byte(". /usr/share/bash-completion/bash_completion\n. <(o2cb_ctl completion bash)\n"), 0o644)
	r := n.MustRunCommand(lab.Command{
		Args:  []string{"script", "-qec", "bash --noprofile --rcfile /tmp/rc -i", "/dev/null"},
		Env:   []string{"TERM=dumb"},
		Stdin: strings.NewReader(typing),
	})
	got := n.MustRun("cat", "/tmp/typed").Stdout
	for _, want := range []string{`"errors": 0`, "node: 0 gamma 192.0.2.9:7777 spare\n", "\ngamma:spare:0:192.0.2.9:7777:configured\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("what was typed printed no %q but\n%s\non the terminal\n%s", want, got, r.Stdout)
		}
	}
}

// testOtherShells has the shells that are here read their script; all have bash.
func testOtherShells(t *testing.T, n *lab.Node) {
	t.Helper()
	for shell, registration := range map[string]string{
		"bash": "complete -o default -F __start_o2cb_ctl o2cb ocfs2_hb_ctl o2hbmonitor",
		"zsh":  "#compdef o2cb_ctl o2cb ocfs2_hb_ctl o2hbmonitor",
		"fish": "complete -c o2cb -n __o2cb_ctl_prepare_completions",
	} {
		script := n.MustRun("o2cb_ctl", "completion", shell).Stdout
		if !strings.Contains(script, registration) {
			t.Errorf("the script for %s has no %q", shell, registration)
		}
	}
	n.MustShell("o2cb_ctl completion bash > /tmp/completion && bash -n /tmp/completion")
}
