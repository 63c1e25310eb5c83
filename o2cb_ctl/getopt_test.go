// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestGetopt(t *testing.T) {
	long := map[string]bool{"config-file": true, "config-less": false, "help": false}
	tests := []struct {
		letters, line string
		options       string // NAME or NAME=VALUE
		operands      string
		err           string
	}{
		{"ab:", "-a -b x", "a b=x", "", ""},
		{"ab:", "-abx", "a b=x", "", ""},
		{"ab:", "-b=x", "b==x", "", ""},
		{"ab:", "-ab x y -a", "a b=x a", "y", ""},
		{"ab:", "one -a two", "a", "one two", ""},
		{"+ab:", "-a one -b two", "a", "one -b two", ""},
		{"ab:", "-a -- -b", "a", "-b", ""},
		{"ab:", "- -a", "a", "-", ""},
		{"ab:", "-a -x -a", "a", "", "invalid option: '-x'"},
		{"ab:", "-a:", "a", "", "invalid option: '-:'"},
		{"ab:", "-a -b", "a", "", "option '-b' requires an argument"},
		{"ab:", "-b -a", "b=-a", "", ""},
		{"a", "--config-file=x --config-file y", "config-file=x config-file=y", "", ""},
		{"a", "--config-f x --he", "config-file=x help", "", ""},
		{"a", "--config x", "", "", "option '--config' is ambiguous: config-file, config-less"},
		{"a", "--bogus", "", "", "invalid option: '--bogus'"},
		{"a", "--help=x", "", "", "option '--help' takes no argument"},
		{"a", "--config-file", "", "", "option '--config-file' requires an argument"},
	}
	for _, tt := range tests {
		t.Run(tt.letters+" "+tt.line, func(t *testing.T) {
			options, operands, err := getopt(strings.Fields(tt.line), tt.letters, long)
			var got []string
			for _, o := range options {
				if o.value != "" {
					o.name += "=" + o.value
				}
				got = append(got, o.name)
			}
			message := ""
			if err != nil {
				message = err.Error()
			}
			if strings.Join(got, " ") != tt.options || message != tt.err || err == nil && !slices.Equal(operands, strings.Fields(tt.operands)) {
				t.Errorf("options %v, operands %v, error %q; want %q, %q, %q", got, operands, message, tt.options, tt.operands, tt.err)
			}
		})
	}
}

func TestIsHistorical(t *testing.T) {
	tests := map[string]bool{
		"":                             false,
		"status":                       false,
		"-I":                           true,
		"-n web -I":                    true,
		"-x":                           true,
		"-":                            false,
		"--help":                       false,
		"--root /r -I":                 true,
		"--root=/r --config=x -C":      true,
		"--root /r status":             false,
		"--root":                       false,
		"--verbose -I":                 false,
		"lock -I":                      false,
		"--local-node -I status":       false,
		"--root /r --json status -I x": false,
	}
	for line, want := range tests {
		if got := isHistorical(strings.Fields(line)); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}
