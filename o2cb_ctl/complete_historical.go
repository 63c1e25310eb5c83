// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
)

// typed is what stands on a command line of a C program when Tab is pressed.
type typed struct {
	settings
	words []string // before the one to complete
	last  string   // the one to complete
}

// completeHistorical answers the scripts of cobra for the command lines of the C
// programs, which cobra does not know. served is false for our own verbs.
func completeHistorical(ctx context.Context, args []string, std streams) (served bool) {
	if len(args) < 3 || args[1] != cobra.ShellCompRequestCmd && args[1] != cobra.ShellCompNoDescRequestCmd {
		return false
	}
	t := typed{
		settings: settings{std: std, root: "/", config: libo2cb.DefaultConfig},
		words:    args[2 : len(args)-1],
		last:     args[len(args)-1],
	}
	var from source
	switch filepath.Base(args[0]) {
	case "o2cb":
		from = t.o2cb()
	case "ocfs2_hb_ctl":
		from = t.heartbeatControl()
	case "o2hbmonitor":
		from = monitorOptions
	default:
		if !isHistorical(args[2:]) && t.last != "-" {
			return false
		}
		from = t.classic()
	}
	described := args[1] == cobra.ShellCompRequestCmd
	t.answer(std.out, from, t.inventory(ctx), described)
	return true
}

// answer prints the completions as the scripts of cobra read them: one a line and
// then a number that says what else the shell may do. Without a source it completes
// files.
func (t *typed) answer(w io.Writer, from source, inv inventory, described bool) {
	directive := cobra.ShellCompDirectiveDefault
	if from != nil {
		directive = cobra.ShellCompDirectiveNoFileComp
		list := startingWith(t.last, from(inv))
		if len(list) == 0 && strings.Contains(t.last, "/") {
			directive = cobra.ShellCompDirectiveDefault
		}
		for _, c := range list {
			name, what, _ := strings.Cut(c, "\t")
			if strings.HasSuffix(name, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			if described && what != "" {
				name += "\t" + what
			}
			fmt.Fprintln(w, name)
		}
	}
	fmt.Fprintf(w, ":%d\n", directive)
}

// before returns the word before the one to complete.
func (t *typed) before() string {
	if len(t.words) == 0 {
		return ""
	}
	return t.words[len(t.words)-1]
}

// classic completes o2cb_ctl -C, -D, -I and -H.
func (t *typed) classic() source {
	options, _, _ := getopt(t.words, classicLetters, classicLong())
	var c classic
	c.settings = t.settings
	for _, o := range options {
		switch o.name {
		case "C", "D", "I", "H":
			c.operation = o.name
		case "t":
			_ = c.takeKind(o.value)
		case "root":
			t.root = o.value
		case "config":
			t.config = o.value
		}
	}
	switch before := t.before(); letterBefore(before) {
	case "n":
		return objects(c)
	case "t":
		return words("cluster", "node", "heartbeat")
	case "a":
		return attributeWords(string(c.kind), t.last)
	default:
		switch before {
		case "--config", "--root":
			return nil // a file, which the shell completes
		case "--local-node":
			return nodes
		}
	}
	return classicLetterWords(c.operation)
}

// letterBefore returns the last letter of a bundle of options, as in "-It".
func letterBefore(word string) string {
	if len(word) < 2 || word[0] != '-' || word[1] == '-' {
		return ""
	}
	return word[len(word)-1:]
}

// objects are what -n names: what there is, unless it is to be made.
func objects(c classic) source {
	byKind := map[string]source{"cluster": clusters, "node": nodes, "heartbeat": regions}
	switch from, ok := byKind[string(c.kind)]; {
	case c.operation == "C" && c.kind == "heartbeat":
		return either(devices, regions)
	case c.operation == "C":
		return words()
	case ok:
		return from
	}
	return either(clusters, nodes, regions)
}

// attributeWords are the attributes of a type, with the values that are known. Behind
// an equals sign bash would put the whole word once more: nothing is offered there.
func attributeWords(kind, prefix string) source {
	if strings.Contains(prefix, "=") {
		return words()
	}
	ofCluster := words("name=", "online=yes", "online=no")
	ofNode := either(words("name=", "number=", "ip_address=", "ip_port="), prefixed("cluster=", clusters))
	switch kind {
	case "cluster":
		return ofCluster
	case "node":
		return ofNode
	case "heartbeat":
		return prefixed("cluster=", clusters)
	}
	return either(ofNode, words("online=yes", "online=no"))
}

// prefixed puts a text in front of each completion.
func prefixed(prefix string, from source) source {
	return func(inv inventory) []cobra.Completion {
		var all []cobra.Completion
		for _, c := range from(inv) {
			all = append(all, prefix+c)
		}
		return all
	}
}

// classicLetterWords are the options that go with an operation.
func classicLetterWords(operation string) source {
	every := []cobra.Completion{"-n\tobject", "-t\ttype of the object", "-a\tattribute"}
	switch operation {
	case "C":
		return words(append(every, "-i\tin the kernel too")...)
	case "D":
		return words(append(every, "-u\tfrom the kernel too")...)
	case "I":
		return words(append(every, "-o\tone line an object", "-z\tstanzas")...)
	case "H":
		return words(every...)
	}
	return words("-C\tcreate", "-D\tdelete", "-I\tshow", "-H\tchange", "-h\tusage", "-V\tversion",
		"--config\tcluster configuration file", "--root\tprefix of every path", "--local-node\tname of this host's node",
		"--help\tthe verbs")
}

// o2cb completes the program of that name.
func (t *typed) o2cb() source {
	options, operands, _ := getopt(t.words, "+hvV", map[string]bool{
		"config-file": true, "help": false, "verbose": false, "version": false, "root": true, "local-node": true,
	})
	for _, o := range options {
		switch o.name {
		case "config-file":
			t.config = o.value
		case "root":
			t.root = o.value
		}
	}
	switch {
	case len(operands) == 0 && (t.before() == "--config-file" || t.before() == "--root"):
		return nil // a file, which the shell completes
	case len(operands) == 0 && t.before() == "--local-node":
		return nodes
	case len(operands) == 0:
		return o2cbWords
	}
	return t.o2cbArguments(operands[0], operands[1:])
}

// o2cbWords are the verbs of o2cb and the options before them.
func o2cbWords(inventory) []cobra.Completion {
	var list []cobra.Completion
	for _, v := range o2cbVerbs() {
		list = append(list, cobra.CompletionWithDesc(v.name, v.help))
	}
	return append(list, "--config-file=\tcluster configuration file", "--help\tusage", "--verbose\ttell what is done", "--version")
}

// o2cbArguments completes behind a verb of o2cb.
func (t *typed) o2cbArguments(verb string, args []string) source {
	if strings.HasPrefix(t.last, "-") {
		switch verb {
		case "add-node":
			return words("--ip\taddress", "--port\tTCP port", "--number\tnode number")
		case "list-cluster", "list-nodes", "list-heartbeats":
			return words("--oneline\tone line an object")
		}
		return words()
	}
	_, operands, wrong := getopt(args, "", map[string]bool{"ip": true, "port": true, "number": true, "oneline": false})
	switch {
	case wrong != nil, verb == "add-cluster", verb == "list-clusters":
		return words() // the value of an option, or a name that is to be made up
	case len(operands) == 0:
		return clusters
	case len(operands) > 1:
		return words()
	}
	switch verb {
	case "remove-node":
		return nodesOf(operands[0])
	case "add-heartbeat":
		return devices
	case "remove-heartbeat":
		return either(regionsOf(operands[0]), devices)
	case "heartbeat-mode":
		return words("local", "global")
	}
	return words()
}

// heartbeatControl completes ocfs2_hb_ctl.
func (t *typed) heartbeatControl() source {
	switch t.before() {
	case "-d":
		return devices
	case "-u":
		return regions
	case "-n":
		return words("0", "1", "2", "3", "4", "5", "6", "7")
	}
	return words("-S\tadd a user", "-K\ttake a user away", "-I\tcount the users", "-P\tset the priority of the thread",
		"-d\tdevice", "-u\tUUID", "-n\tpriority", "-h\tusage", "ocfs2\tthe service of a mount")
}

// monitorOptions are the options of o2hbmonitor.
func monitorOptions(inventory) []cobra.Completion {
	return []cobra.Completion{"-w\tpercentage", "-i\tstay in the foreground", "-v\ttell of every region", "-V\tversion"}
}
