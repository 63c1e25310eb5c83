// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"slices"
	"strings"
	"testing"
)

// held is what an interview led to.
type held struct {
	changes []Change
	prompts []string
	wrong   []string // what was said about answers that are none
	notes   int
}

// interview answers line by line; behind the last one the input has ended.
func interview(now Settings, script bool, answers ...string) held {
	i := NewInterview(now)
	if script {
		i.FromScript()
	}
	var h held
	for !i.Done() {
		h.prompts = append(h.prompts, i.Prompt())
		answer, early := i.Pending()
		if !early {
			if len(answers) == 0 {
				i.Keep()
				continue
			}
			answer, answers = answers[0], answers[1:]
		}
		note, err := i.Answer(answer)
		if note != "" {
			h.notes++
		}
		if err != nil {
			h.wrong = append(h.wrong, err.Error())
		}
	}
	h.changes = i.Answers().Changes()
	return h
}

// The words are those of the C init script: programs that type the answers wait for them.
func TestInterviewPrompts(t *testing.T) {
	for _, test := range []struct {
		now  Settings
		want []string
	}{
		{Settings{}, []string{
			"Load O2CB driver on boot (y/n) [n]: ",
			`Cluster to start on boot (Enter "none" to clear) []: `,
			"Cluster stack backing O2CB [o2cb]: ",
			"Specify heartbeat dead threshold (>=7) [31]: ",
			"Specify network idle timeout in ms (>=5000) [30000]: ",
			"Specify network keepalive delay in ms (>=1000) [2000]: ",
			"Specify network reconnect delay in ms (>=2000) [2000]: ",
		}},
		{Settings{Enabled: true, BootCluster: "web", Stack: "pcmk", HeartbeatThreshold: 61, IdleTimeoutMS: 60000, KeepaliveDelayMS: 3000, ReconnectDelayMS: 2500}, []string{
			"Load O2CB driver on boot (y/n) [y]: ",
			`Cluster to start on boot (Enter "none" to clear) [web]: `,
			"Cluster stack backing O2CB [pcmk]: ",
			"Specify heartbeat dead threshold (>=7) [61]: ",
			"Specify network idle timeout in ms (>=5000) [60000]: ",
			"Specify network keepalive delay in ms (>=1000) [3000]: ",
			"Specify network reconnect delay in ms (>=2000) [2500]: ",
		}},
	} {
		if h := interview(test.now, false); !slices.Equal(h.prompts, test.want) || h.changes != nil {
			t.Errorf("%q with %v, want %q", h.prompts, h.changes, test.want)
		}
	}
}

func TestInterviewAnswers(t *testing.T) {
	configured := Settings{Enabled: true, BootCluster: "web", Stack: "o2cb"}
	for _, test := range []struct {
		name    string
		now     Settings
		script  bool
		answers []string
		want    []Change
		notes   int
	}{
		{"Enter to all", configured, false, []string{"", "", "", "", "", "", ""}, nil, 0},
		{"the README", Settings{}, true, []string{"y", "ocfs2"}, []Change{{Enabled, "true"}, {BootCluster, "ocfs2"}}, 0},
		{"the README without a cluster", Settings{}, true, []string{"y", ""}, []Change{{Enabled, "true"}}, 0},
		{"all", Settings{}, false, []string{"Yes", " web ", "o2cb", "7", "5000", "1000", "2000"}, []Change{
			{Enabled, "true"}, {Stack, "o2cb"}, {BootCluster, "web"}, {HeartbeatThreshold, "7"}, {IdleTimeoutMS, "5000"}, {KeepaliveDelayMS, "1000"}, {ReconnectDelayMS, "2000"}}, 0},
		{"cleared", configured, false, []string{"n", "none"}, []Change{{Enabled, "false"}, {BootCluster, ""}}, 0},
		{"1.4", Settings{}, true, []string{"y", "web", "61", "60000", "3000", "2500"}, []Change{
			{Enabled, "true"}, {BootCluster, "web"}, {HeartbeatThreshold, "61"}, {IdleTimeoutMS, "60000"}, {KeepaliveDelayMS, "3000"}, {ReconnectDelayMS, "2500"}}, 1},
		{"1.8", Settings{}, true, []string{"y", "o2cb", "web", "61", "60000", "3000", "2500"}, []Change{
			{Enabled, "true"}, {Stack, "o2cb"}, {BootCluster, "web"}, {HeartbeatThreshold, "61"}, {IdleTimeoutMS, "60000"}, {KeepaliveDelayMS, "3000"}, {ReconnectDelayMS, "2500"}}, 1},
		{"1.8 with a cluster of four letters", Settings{}, true, []string{"y", "o2cb", "prod"}, []Change{{Enabled, "true"}, {Stack, "o2cb"}, {BootCluster, "prod"}}, 1},
		{"1.8 with Enter for the stack", Settings{}, true, []string{"y", "", "ocfs2", "31"}, []Change{{Enabled, "true"}, {BootCluster, "ocfs2"}, {HeartbeatThreshold, "31"}}, 1},
		{"1.8, cleared", configured, true, []string{"y", "", "none"}, []Change{{Enabled, "true"}, {BootCluster, ""}}, 1},
		{"a cluster called o2cb", Settings{}, true, []string{"y", "o2cb"}, []Change{{Enabled, "true"}, {BootCluster, "o2cb"}}, 0},
		{"another stack", Settings{}, true, []string{"y", "web", "pcmk"}, []Change{{Enabled, "true"}, {Stack, "pcmk"}, {BootCluster, "web"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if h := interview(test.now, test.script, test.answers...); !slices.Equal(h.changes, test.want) || h.notes != test.notes || h.wrong != nil {
				t.Errorf("%+v, want %v", h, test.want)
			}
		})
	}
}

// All that an interview asks for, and nothing else, may be mended by it.
func TestAsked(t *testing.T) {
	h := interview(Settings{}, false, "y", "web", "o2cb", "31", "30000", "2000", "2000")
	var asked []string
	for _, c := range h.changes {
		asked = append(asked, c.Variable)
	}
	if !slices.Equal(asked, Asked()) {
		t.Errorf("asked for %v, Asked says %v", asked, Asked())
	}
}

func TestInterviewAsksAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		now     Settings
		answers []string
		wrong   string // the beginning of what is said
		want    []Change
	}{
		{"enabled", Settings{}, []string{"maybe", "y"}, "Invalid answer: maybe (y or n)", []Change{{Enabled, "true"}}},
		{"cluster", Settings{}, []string{"", "a/b", "web"}, "Invalid cluster name: a/b (1 to 16 letters", []Change{{BootCluster, "web"}}},
		{"stack typed at a terminal", Settings{}, []string{"", "", "ocfs2", "o2cb"}, "Invalid cluster stack: ocfs2 (a label of 4", []Change{{Stack, "o2cb"}}},
		{"number", Settings{}, []string{"", "", "", "abc", "31"}, "Invalid heartbeat dead threshold value: abc (a number of at least 7)", []Change{{HeartbeatThreshold, "31"}}},
		{"octal", Settings{}, []string{"", "", "", "031"}, "Invalid heartbeat dead threshold value: 031", nil},
		{"low", Settings{}, []string{"", "", "", "6", "7"}, "heartbeat dead threshold cannot be less than 7", []Change{{HeartbeatThreshold, "7"}}},
		{"zero", Settings{}, []string{"", "", "", "", "0"}, "network idle timeout cannot be less than 5000", nil},
		{"high", Settings{}, []string{"", "", "", "4294967295"}, "heartbeat dead threshold cannot be more than 4294967294", nil},
		{"huge", Settings{}, []string{"", "", "", "99999999999999999999"}, "heartbeat dead threshold cannot be more than 4294967294", nil},
		{"delay", Settings{}, []string{"", "", "", "", "6000", "6000", "3000"}, "network keepalive delay must be less than the network idle timeout of 6000",
			[]Change{{IdleTimeoutMS, "6000"}, {KeepaliveDelayMS, "3000"}}},
		{"kept delay", Settings{KeepaliveDelayMS: 7000}, []string{"", "", "", "", "6000", "", "3000"}, "network keepalive delay must be less than",
			[]Change{{IdleTimeoutMS, "6000"}, {KeepaliveDelayMS, "3000"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := interview(test.now, false, test.answers...)
			if len(h.wrong) != 1 || !strings.HasPrefix(h.wrong[0], test.wrong) || !slices.Equal(h.changes, test.want) {
				t.Errorf("%+v, want %q and %v", h, test.wrong, test.want)
			}
		})
	}
}

// Whatever is typed, the dialogue ends with its input, and what it leads to may stand in a file.
func FuzzInterview(f *testing.F) {
	for _, text := range []string{"y\nocfs2\n", "y\no2cb\nweb\n31\n30000\n2000\n2000\n", "n\nnone\n\n\n\n\n", "y\nweb\n61\n5000\n6000\n", "maybe\n\x00\n", "\n\nnone"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, script bool) {
		for _, c := range interview(Settings{}, script, strings.Split(text, "\n")...).changes {
			if err := c.Check(); err != nil {
				t.Errorf("%q led to %v: %v", text, c, err)
			}
		}
	})
}
