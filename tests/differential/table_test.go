// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// group is the command lines that start from one state.
type group struct {
	name   string
	config string // the text of cluster.conf; "-" for no file
	setup  string // what the C tools do before each line
	lines  string // see line
	scene  string // what the kernel is doing; empty for nothing
}

// line is one command line. In the table it may be followed by ## and what
// differs: the number of the paragraph in docs/compatibility.md that explains
// it, then the difference as difference returns it.
type line struct {
	job
	group    string
	text     string // the command line
	reason   int    // 0 for none
	expected string // difference
	outcomes *pair  // once it ran
}

var marked = regexp.MustCompile(`^(.*?)\s+## (\d+) (.+)$`)

func (g group) parse(t *testing.T) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(g.lines) {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		l := line{group: g.name, text: text}
		if m := marked.FindStringSubmatch(text); m != nil {
			l.text, l.expected = m[1], m[3]
			var err error
			if l.reason, err = strconv.Atoi(m[2]); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		l.job = job{Config: g.config, Setup: g.setup, Scene: g.scene, Line: l.text}
		all = append(all, l)
	}
	return all
}
