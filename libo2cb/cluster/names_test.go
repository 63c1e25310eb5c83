// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// outcome is what a check says, in short: "code", with "!" for an error that is
// never permissible, "?" for a permissible one and nothing for a warning.
func outcome(found []Violation) []string {
	var all []string
	for _, v := range found {
		mark := ""
		switch {
		case v.Severity == SeverityError && v.Permissible:
			mark = "?"
		case v.Severity == SeverityError:
			mark = "!"
		}
		all = append(all, string(v.Code)+mark)
	}
	return all
}

func TestCheckNames(t *testing.T) {
	for _, test := range []struct {
		name    string
		cluster []string
		node    []string
	}{
		{"web", nil, nil},
		{"W_e-b9", nil, nil},
		{strings.Repeat("x", 16), nil, nil},
		{strings.Repeat("x", 17), []string{"name-too-long?"}, nil},
		{strings.Repeat("x", 64), []string{"name-too-long?"}, nil},
		{strings.Repeat("x", 65), []string{"name-too-long?"}, []string{"name-too-long!"}},
		{strings.Repeat("x", 256), []string{"name-too-long!"}, []string{"name-too-long!"}},
		{"9web", []string{"name-start?"}, []string{"name-start"}},
		{"-web", []string{"name-start?"}, []string{"name-start?"}},
		{"_web", []string{"name-start?"}, []string{"name-start?"}},
		{"my.web", []string{"name-characters?"}, []string{"name-characters?"}},
		{"9.web", []string{"name-characters?", "name-start?"}, []string{"name-characters?", "name-start"}},
		{"we b", []string{"name-characters?"}, []string{"name-characters?"}},
		{"wéb", []string{"name-characters?"}, []string{"name-characters?"}},
		{"we\xffb", []string{"name-characters?"}, []string{"name-characters?"}},
		{"", []string{"name-empty!"}, []string{"name-empty!"}},
		{".", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"..", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a..b", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"../../etc", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a/b", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a\nb", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a\x00b", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a\x7fb", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
		{"a\u0085b", []string{"name-unsafe!"}, []string{"name-unsafe!"}},
	} {
		if got := outcome(CheckClusterName(test.name)); !slices.Equal(got, test.cluster) {
			t.Errorf("CheckClusterName(%q) = %v, want %v", test.name, got, test.cluster)
		}
		if got := outcome(CheckNodeName(test.name)); !slices.Equal(got, test.node) {
			t.Errorf("CheckNodeName(%q) = %v, want %v", test.name, got, test.node)
		}
	}
}

func TestCheckRegionName(t *testing.T) {
	for name, want := range map[string][]string{
		"77D95EF51C0149D2823674FCC162CF8B":     nil,
		"77d95ef51c0149d2823674fcc162cf8b":     {"region-format?"},
		"77D95EF51C0149D2823674FCC162CF8":      {"region-format?"},
		"77D95EF51C0149D2823674FCC162CF8G":     {"region-format?"},
		"77D95EF5-1C01-49D2-8236-74FCC162CF8B": {"name-too-long!"},
		"":                                     {"name-empty!"},
		"..":                                   {"name-unsafe!"},
		"a/b":                                  {"name-unsafe!"},
		"a\tb":                                 {"name-unsafe!"},
	} {
		if got := outcome(CheckRegionName(name)); !slices.Equal(got, want) {
			t.Errorf("CheckRegionName(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestMendsNameTheRightSpelling(t *testing.T) {
	for _, test := range []struct {
		found []Violation
		want  string
	}{
		{CheckNodeName("my.host"), `"my-host"`},
		{CheckRegionName("77d95ef51c0149d2823674fcc162cf8b"), "77D95EF51C0149D2823674FCC162CF8B"},
		{CheckRegionName("77D95EF5-1C01-49D2-8236-74FCC162CF8B"), "77D95EF51C0149D2823674FCC162CF8B"},
	} {
		if len(test.found) != 1 || !strings.Contains(test.found[0].Mend, test.want) {
			t.Errorf("%+v: want one mend with %s", test.found, test.want)
		}
	}
}

// TestFoundStaysOneShortLine keeps hostile values off the terminal.
func TestFoundStaysOneShortLine(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 1<<20), strings.Repeat("9", 1<<20), strings.Repeat("/", 1<<20), "a\x1b[2Jb", "a\nb", "wéb\xff"} {
		address := netip.MustParseAddr("fe80::1").WithZone(name)
		n := Node{Name: name, Address: address, Port: 1}
		c := &Cluster{Name: name, HeartbeatMode: HeartbeatMode(name), Nodes: []Node{n, n}, Regions: []Region{{Name: name}, {Name: name}}}
		for _, v := range c.Check() {
			for _, text := range []string{v.Found, v.Expected, v.Mend} {
				if !oneShortLine(text) {
					t.Errorf("%s of %.20q: %q", v.Code, name, text)
				}
			}
		}
		if _, err := c.LocalNode(name); err == nil || !oneShortLine(err.Error()) {
			t.Errorf("LocalNode(%.20q): %v", name, err)
		}
	}
}

func oneShortLine(text string) bool {
	return !strings.ContainsAny(text, "\n\x1b") && utf8.ValidString(text) && len(text) < 600
}
