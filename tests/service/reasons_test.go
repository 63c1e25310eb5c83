// SPDX-License-Identifier: Apache-2.0

package service

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	differencesFile = "testdata/differences.txt"
	reasonsFile     = "testdata/reasons.txt" // CALL: the numbers of paragraphs
	paragraphsFile  = "../../docs/compatibility-init.md"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var paragraph = regexp.MustCompile(`(?m)^(\d+)\. `)

// checkReasons holds the calls that differ against the paragraphs that say why: each
// has one, and none explains what does not happen.
func checkReasons(t *testing.T, differ map[string]bool) {
	t.Helper()
	shown := map[string]bool{}
	for _, m := range paragraph.FindAllStringSubmatch(read(t, paragraphsFile), -1) {
		shown[m[1]] = false
	}
	for line := range strings.Lines(read(t, reasonsFile)) {
		i := strings.LastIndex(line, ": ")
		name, numbers := line[:i], strings.Fields(line[i+2:])
		if !differ[name] {
			t.Errorf("%s explains %q, which does not differ", reasonsFile, name)
		}
		delete(differ, name)
		for _, number := range numbers {
			if _, there := shown[number]; !there {
				t.Errorf("%s has no paragraph %s, which explains %q", paragraphsFile, number, name)
			}
			shown[number] = true
		}
	}
	for name := range differ {
		t.Errorf("%q differs, and %s does not explain it", name, reasonsFile)
	}
	for number, is := range shown {
		if !is {
			t.Errorf("nothing shows paragraph %s of %s", number, paragraphsFile)
		}
	}
}
