// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"regexp"
	"strings"
	"testing"

	"github.com/o2cb-go/o2cb/tests/lab"
)

// session is a command line of a page and what the page says that it prints.
type session struct {
	page, command, output string
}

// console finds the blocks of a page that show commands with their output.
var console = regexp.MustCompile("(?ms)^```console\n(\\$ .*?)^```$")

// sessions returns all of them: a line that begins with "$ " is a command, and one with
// "> " behind it goes on with it.
func sessions(pages []Page) []session {
	var all []session
	for _, p := range pages {
		for _, block := range console.FindAllStringSubmatch(p.Markdown, -1) {
			for line := range strings.Lines(block[1]) {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					all = append(all, session{page: p.Name, command: command})
					continue
				}
				last := &all[len(all)-1]
				if more, ok := strings.CutPrefix(line, "> "); ok && last.output == "" {
					last.command += more
				} else {
					last.output += line
				}
			}
		}
	}
	return all
}

// testExamples runs every command that a page shows with its output.
func testExamples(t *testing.T, n *lab.Node) {
	all := sessions(pages(t))
	if len(all) < 8 {
		t.Fatalf("only %d examples", len(all))
	}
	for _, s := range all {
		r := n.Shell(s.command)
		if r.Stdout != s.output || r.Stderr != "" {
			t.Errorf("%s: %sprints\n%s%s\nand the page says\n%s", s.page, s.command, r.Stdout, r.Stderr, s.output)
		}
	}
}
