// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"syscall"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// classicUsage is the usage of the C program o2cb_ctl.
const classicUsage = `Usage: o2cb_ctl -C -n <object> -t <type> [-i] [-a <attribute> ] ...
       o2cb_ctl -D -n <object> [-u]
       o2cb_ctl -I [-o|-z] [-n <object>] [-t <type>] [-a <attribute>] ...
       o2cb_ctl -H [-n <object>] [-t <type>] [-a <attribute>] ...
       o2cb_ctl -h
       o2cb_ctl -V
`

// classicLetters are the options of the C program, as getopt(3) has them.
const classicLetters = "hVCDIHiuozn:t:a:"

// classicLong are its long options, and those of ours that name another system.
// That they take an argument is what the values say.
func classicLong() map[string]bool {
	return map[string]bool{"help": false, "version": false, "root": true, "config": true, "local-node": true}
}

// classic is one call of o2cb_ctl with the historical options.
type classic struct {
	settings
	operation  string // one of the letters C, D, I, H; h and V for the usage and the version
	objects    []string
	kind       cluster.Kind // empty when it is to be guessed from the objects
	attributes attributes
	flags      map[string]bool // of the letters i, u, o, z
}

// isHistorical tells the letters of the C program from our verbs, behind which
// options may stand too.
func isHistorical(args []string) bool {
	for len(args) > 0 {
		name, isLong := strings.CutPrefix(args[0], "--")
		name, _, hasValue := strings.Cut(name, "=")
		if !isLong || !classicLong()[name] {
			return len(args[0]) > 1 && args[0][0] == '-' && !isLong
		}
		args = args[1:]
		if !hasValue && len(args) > 0 {
			args = args[1:]
		}
	}
	return false
}

// parseClassic reads the command line as the C program does: the first mistake counts.
func parseClassic(args []string, std streams) (*classic, error) {
	c := &classic{settings: settings{std: std, root: "/", config: libo2cb.DefaultConfig}, flags: map[string]bool{}}
	options, operands, wrong := getopt(args, classicLetters, classicLong())
	for _, o := range options {
		if err := c.take(o); err != nil {
			return nil, err
		}
		if c.operation == "h" || c.operation == "V" {
			return c, nil
		}
	}
	if wrong != nil {
		return nil, misuse{refusal{syscall.EINVAL, wrong}}
	}
	if len(operands) > 0 {
		return nil, misusef(syscall.E2BIG, "extraneous arguments: %q", strings.Join(operands, " "))
	}
	return c, c.checkFlags()
}

// take notes one option.
func (c *classic) take(o option) error {
	if strings.Contains(classicLetters, o.name+":") && o.value == "" {
		return misusef(syscall.EINVAL, "argument to '-%s' cannot be empty", o.name)
	}
	switch o.name {
	case "h", "help":
		c.operation = "h"
	case "V", "version":
		c.operation = "V"
	case "C", "D", "I", "H":
		if c.operation != "" {
			return misusef(syscall.EINVAL, "-%s and -%s exclude each other", c.operation, o.name)
		}
		c.operation = o.name
	case "n":
		c.objects = append(c.objects, o.value)
	case "t":
		return c.takeKind(o.value)
	case "a":
		a, err := parseAttribute(o.value)
		c.attributes = append(c.attributes, a)
		return err
	case "root":
		c.root = o.value
	case "config":
		c.config = o.value
	case "local-node":
		c.localNode = o.value
	default:
		c.flags[o.name] = true
	}
	return nil
}

func (c *classic) takeKind(name string) error {
	switch kind := cluster.Kind(name); kind {
	case cluster.KindCluster, cluster.KindNode, cluster.KindHeartbeat:
		c.kind = kind
		return nil
	}
	return misusef(syscall.EINVAL, "object type %q is invalid: cluster, node or heartbeat", name)
}

// checkFlags refuses the letters that do not go with the operation.
func (c *classic) checkFlags() error {
	for _, flag := range []struct{ letter, operation string }{{"u", "D"}, {"i", "C"}, {"z", "I"}, {"o", "I"}} {
		if c.flags[flag.letter] && c.operation != flag.operation {
			return misusef(syscall.EINVAL, "argument '-%s' is not valid for this operation, only for -%s", flag.letter, flag.operation)
		}
	}
	if c.flags["z"] && c.flags["o"] {
		return misusef(syscall.EINVAL, "cannot specify '-z' and '-o' at the same time")
	}
	if c.operation == "" {
		return misusef(syscall.EINVAL, "you must specify an operation: -C, -D, -I or -H")
	}
	return nil
}
