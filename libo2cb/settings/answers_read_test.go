// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestReadAnswers(t *testing.T) {
	const all = "# all\nenabled = true\nstack = 'o2cb'\ncluster = \"web\"\nheartbeat_threshold = 61\nidle_timeout_ms = 60_000\n" +
		"keepalive_delay_ms = 0\nreconnect_delay_ms = 2500\nfence_method = 'panic'\nnode = 'n1'\n"
	answers, findings := ReadAnswers("a.toml", []byte(all))
	want := []Change{{Enabled, "true"}, {Stack, "o2cb"}, {BootCluster, "web"}, {HeartbeatThreshold, "61"}, {IdleTimeoutMS, "60000"},
		{KeepaliveDelayMS, ""}, {ReconnectDelayMS, "2500"}, {FenceMethod, "panic"}, {Node, "n1"}}
	if got := answers.Changes(); findings != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, findings)
	}
	answers, findings = ReadAnswers("a.toml", []byte("cluster = 'none'\nenabled = false"))
	if got := answers.Changes(); findings != nil || !slices.Equal(got, []Change{{Enabled, "false"}, {BootCluster, ""}}) {
		t.Errorf("%v, %v", got, findings)
	}
	other := "other"
	if got := (Answers{Node: &other}).Or(answers).Changes(); !slices.Equal(got, []Change{{Enabled, "false"}, {BootCluster, ""}, {Node, "other"}}) {
		t.Errorf("with the other's: %v", got)
	}
}

// The places are those of the values.
func TestReadAnswersFindsAllAtTheirPlaces(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"unknown keys", "# x\nenabled = true\n  clutser = 'a'\n\nx = 1\n", []string{"3:14 unknown-key", "5:5 unknown-key"}},
		{"case counts", "Enabled = true", []string{"1:11 unknown-key"}},
		{"types", "enabled = 'true'\nstack = 1\nheartbeat_threshold = 7.5\ncluster = ['a']\nnode = 1979-05-27\nfence_method = true\nidle_timeout_ms = {}", []string{
			"1:12 type", "2:9 type", "3:23 type", "4:12 type", "5:8 type", "6:16 type", "7:20 type"}},
		{"a table", "[answers]\nenabled = true\n", []string{"1:1 unknown-key"}},
		{"values", "stack = 'ocfs2'\ncluster = '../x'\nheartbeat_threshold = 2\nidle_timeout_ms = -1\nfence_method = 'x'", []string{
			"1:10 answer", "2:12 answer", "3:23 answer", "4:19 answer", "5:17 answer"}},
		{"a key twice", "enabled = true\nenabled = false\n", []string{"2:16 syntax"}},
		{"no TOML", "enabled = true\ncluster web\n", []string{"2:9 syntax"}},
		{"the settings file itself", "O2CB_ENABLED=true\n", []string{"1:14 unknown-key"}},
		{"deep", "cluster = " + strings.Repeat("[", 1000), []string{"1:1 syntax"}},
		{"large", strings.Repeat("#", MaxAnswers+1), []string{"1:1 file-too-large"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, findings := ReadAnswers("a.toml", []byte(test.text))
			if got := outcome(findings); !slices.Equal(got, test.want) {
				t.Errorf("%q: want %q", findings, test.want)
			}
			for _, f := range findings {
				if f.File != "a.toml" || f.Found == "" || f.Expected == "" || f.Mend == "" {
					t.Errorf("something is missing in %+v", f)
				}
			}
		})
	}
}
