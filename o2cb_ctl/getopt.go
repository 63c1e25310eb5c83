// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sort"
	"strings"
)

// option is one option of a command line. Its name is a letter or, of a long
// one, the whole name without the dashes.
type option struct{ name, value string }

// getopt splits a command line as getopt_long(3) does for the C programs.
// letters has a colon behind each letter that takes an argument, and a plus sign
// in front when the options end at the first operand; long says which long
// options take one. The options before a mistake come back with its error.
//
// Package pflag, which reads the options of our own verbs, differs where scripts
// could tell: it takes "-n=web" for "web", and no abbreviated long options.
func getopt(args []string, letters string, long map[string]bool) (options []option, operands []string, err error) {
	letters, early := strings.CutPrefix(letters, "+")
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var found []option
		switch {
		case arg == "--":
			return options, append(operands, args...), nil
		case len(arg) < 2 || arg[0] != '-':
			operands = append(operands, arg)
			if early {
				return options, append(operands, args...), nil
			}
			continue
		case arg[1] == '-':
			found, args, err = longOption(arg[2:], args, long)
		default:
			found, args, err = shortOptions(arg[1:], args, letters)
		}
		options = append(options, found...)
		if err != nil {
			return options, operands, err
		}
	}
	return options, operands, nil
}

// shortOptions reads a bundle of letters.
func shortOptions(bundle string, args []string, letters string) ([]option, []string, error) {
	var options []option
	for i := range len(bundle) {
		letter := bundle[i : i+1]
		at := strings.Index(letters, letter)
		if at < 0 || letter == ":" {
			return options, args, fmt.Errorf("invalid option: '-%s'", letter)
		}
		if !strings.HasPrefix(letters[at+1:], ":") {
			options = append(options, option{name: letter})
			continue
		}
		if value := bundle[i+1:]; value != "" {
			return append(options, option{letter, value}), args, nil
		}
		if len(args) == 0 {
			return options, args, fmt.Errorf("option '-%s' requires an argument", letter)
		}
		return append(options, option{letter, args[0]}), args[1:], nil
	}
	return options, args, nil
}

// longOption reads a long option, which may be abbreviated.
func longOption(text string, args []string, long map[string]bool) ([]option, []string, error) {
	prefix, value, hasValue := strings.Cut(text, "=")
	name, err := expand(prefix, long)
	switch {
	case err != nil:
		return nil, args, err
	case !long[name] && hasValue:
		return nil, args, fmt.Errorf("option '--%s' takes no argument", name)
	case !long[name] || hasValue:
		return []option{{name, value}}, args, nil
	case len(args) == 0:
		return nil, args, fmt.Errorf("option '--%s' requires an argument", name)
	}
	return []option{{name, args[0]}}, args[1:], nil
}

// expand returns the long option that a prefix stands for.
func expand(prefix string, long map[string]bool) (string, error) {
	var matching []string
	for name := range long {
		if name == prefix {
			return name, nil
		}
		if strings.HasPrefix(name, prefix) {
			matching = append(matching, name)
		}
	}
	sort.Strings(matching)
	switch len(matching) {
	case 0:
		return "", fmt.Errorf("invalid option: '--%s'", prefix)
	case 1:
		return matching[0], nil
	}
	return "", fmt.Errorf("option '--%s' is ambiguous: %s", prefix, strings.Join(matching, ", "))
}
