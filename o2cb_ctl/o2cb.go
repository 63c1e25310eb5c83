// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// o2cb is one call of the program under the name o2cb.
type o2cb struct {
	settings
	program string // what messages start with
	verb    o2cbVerb
	args    []string // behind the verb
}

// o2cbVerb is one command of the C program o2cb.
type o2cbVerb struct {
	name  string
	usage string
	help  string
	run   func(*o2cb, context.Context) error
}

// o2cbVerbs are all of them, in the order of the C program's usage.
func o2cbVerbs() []o2cbVerb {
	return []o2cbVerb{
		{"add-cluster", "<clustername>", "Add a cluster to the config file.", (*o2cb).addCluster},
		{"remove-cluster", "<clustername>", "Remove a cluster with its nodes and regions from the config file.", (*o2cb).removeCluster},
		{"add-node", "[--ip <ip>] [--port <port>] [--number <num>] <clustername> <nodename>", "Add a node to a cluster in the config file.", (*o2cb).addNode},
		{"remove-node", "<clustername> <nodename>", "Remove a node from a cluster in the config file.", (*o2cb).removeNode},
		{"add-heartbeat", "<clustername> <uuid>|<device>", "Add a heartbeat region to a cluster in the config file.", (*o2cb).addHeartbeat},
		{"remove-heartbeat", "<clustername> <uuid>|<device>", "Remove a heartbeat region from a cluster in the config file.", (*o2cb).removeHeartbeat},
		{"heartbeat-mode", "<clustername> global|local", "Set the heartbeat mode of a cluster in the config file.", (*o2cb).heartbeatMode},
		{"list-clusters", "", "List the clusters of the config file.", (*o2cb).listClusters},
		{"list-cluster", "[--oneline] <clustername>", "List a cluster of the config file with its nodes and regions.", (*o2cb).listObjects},
		{"list-nodes", "[--oneline] <clustername>", "List the nodes of a cluster in the config file.", (*o2cb).listObjects},
		{"list-heartbeats", "[--oneline] <clustername>", "List the heartbeat regions of a cluster in the config file.", (*o2cb).listObjects},
		{"register-cluster", "<clustername>", "Make the kernel's cluster like the one of the config file.", (*o2cb).registerCluster},
		{"unregister-cluster", "<clustername>", "Remove the cluster from the kernel.", (*o2cb).unregisterCluster},
		{"start-heartbeat", "<clustername>", "Start the global heartbeat.", (*o2cb).startHeartbeat},
		{"stop-heartbeat", "<clustername>", "Stop the global heartbeat.", (*o2cb).stopHeartbeat},
		{"cluster-status", "[<clustername>]", "Tell whether the cluster is online: exit status 0, otherwise 1.", (*o2cb).clusterStatus},
	}
}

// errO2CBUsage is that the arguments of a verb are missing or wrong.
var errO2CBUsage = errors.New("wrong usage")

// runO2CB is the program under the name o2cb: its exit status is 0 or 1.
func runO2CB(ctx context.Context, args []string, std streams) int {
	o := &o2cb{program: filepath.Base(args[0]), settings: settings{std: std, root: "/", config: libo2cb.DefaultConfig, localNode: os.Getenv("O2CB_NODE")}}
	done, err := o.parse(args[1:])
	if err != nil {
		refuse(std.err, o.program, err.Error(), 1)
		o.printUsage(std.err)
		return 1
	}
	if done {
		return 0
	}
	err = o.verb.run(o, ctx)
	var silent silentError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return silent.status
	case errors.Is(err, errO2CBUsage):
		if err != errO2CBUsage {
			refuse(std.err, o.program, err.Error(), 1)
		}
		return refuse(std.err, o.program, strings.TrimSpace("usage: "+o.verb.name+" "+o.verb.usage), 1)
	}
	return refuse(std.err, o.program, err.Error(), 1)
}

// parse reads the options before the verb and finds it. done says that nothing
// is left to do.
func (o *o2cb) parse(args []string) (done bool, err error) {
	options, operands, err := getopt(args, "+hvV", map[string]bool{
		"config-file": true, "help": false, "verbose": false, "version": false, "root": true, "local-node": true,
	})
	if err != nil {
		return false, err
	}
	var help, showVersion bool
	for _, each := range options {
		switch each.name {
		case "h", "help":
			help = true
		case "V", "version":
			showVersion = true
		case "v", "verbose":
			o.verbose = true
		case "config-file":
			o.config = each.value
		case "root":
			o.root = each.value
		case "local-node":
			o.localNode = each.value
		}
	}
	switch {
	case showVersion:
		_, err := fmt.Fprintf(o.std.out, "%s %s\n", o.program, version)
		return true, err
	case help:
		o.printUsage(o.std.out)
		return true, nil
	case len(operands) == 0:
		return false, errors.New("a command is missing")
	}
	o.args = operands[1:]
	for _, verb := range o2cbVerbs() {
		if verb.name == operands[0] {
			o.verb = verb
			o.say("Using config file '%s'", o.file())
			return false, nil
		}
	}
	return false, fmt.Errorf("unknown command '%s'", operands[0])
}

func (o *o2cb) printUsage(w io.Writer) {
	fmt.Fprintf(w, "usage: %s [--config-file=path] [-h|--help] [-v|--verbose] [-V|--version] COMMAND [ARGS]\n\nThe commands are:\n", o.program)
	for _, verb := range o2cbVerbs() {
		fmt.Fprintf(w, "  %-18s  %s\n", verb.name, verb.help)
	}
	fmt.Fprintln(w)
}

// say tells what is done, on standard error, when -v asks for it.
func (o *o2cb) say(format string, args ...any) {
	if o.verbose {
		fmt.Fprintf(o.std.err, format+"\n", args...)
	}
}

func (o *o2cb) file() string { return o.path(o.config) }

// argument returns an operand of the verb without the blanks around it, as the C
// program takes names. Too few operands are a wrong usage; too many are ignored.
func (o *o2cb) argument(i int) (string, error) {
	if i >= len(o.args) {
		return "", errO2CBUsage
	}
	return strings.TrimSpace(o.args[i]), nil
}

// arguments returns the first two operands.
func (o *o2cb) arguments() (first, second string, err error) {
	if first, err = o.argument(0); err == nil {
		second, err = o.argument(1)
	}
	return first, second, err
}

// load reads the configuration; see [loadLikeC].
func (o *o2cb) load() (*conf.File, error) {
	f, err := loadLikeC(o.file())
	if err != nil {
		return nil, fmt.Errorf("%w, while loading cluster configuration file '%s'", err, o.file())
	}
	return f, nil
}

// edit changes the configuration, in one step and safe from other editors.
func (o *o2cb) edit(ctx context.Context, change func(*conf.File) error) error {
	if _, err := o.load(); err != nil {
		return err
	}
	return o.explain(conf.EditPermissive(ctx, o.file(), change))
}

// explain says it in the words of the C program where it has good ones.
func (o *o2cb) explain(err error) error {
	var e *conf.EditError
	if !errors.As(err, &e) {
		return err
	}
	cluster, _ := o.argument(0)
	switch {
	case errors.Is(err, conf.ErrUnknownCluster):
		return fmt.Errorf("unknown cluster '%s'", cluster)
	case errors.Is(err, conf.ErrUnknownNode):
		return fmt.Errorf("unknown node '%s'", e.Object)
	case errors.Is(err, conf.ErrUnknownRegion):
		return fmt.Errorf("unknown heartbeat region '%s'", e.Object)
	case errors.Is(err, conf.ErrClusterExists):
		return fmt.Errorf("cluster '%s' already exists", e.Object)
	case errors.Is(err, conf.ErrNodeExists):
		return fmt.Errorf("node '%s' already exists", e.Object)
	case errors.Is(err, conf.ErrRegionExists):
		return fmt.Errorf("heartbeat region '%s' already exists", e.Object)
	}
	return err
}
