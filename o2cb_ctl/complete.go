// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// otherNames are the names besides o2cb_ctl under which the program is installed.
const otherNames = "o2cb ocfs2_hb_ctl o2hbmonitor"

func newCompletion(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print the script that completes commands in a shell",
		Long: `completion prints a script for a shell, which then completes verbs, options, names
of clusters and nodes, regions and devices, from the configuration file and the
kernel. It serves the names o2cb, ocfs2_hb_ctl and o2hbmonitor of this program
too. A package or "make install" puts it where the shell looks by itself.

Completing needs no privilege, loads nothing and reads no disk.

Exit status:
  0  the script was printed
  1  no such shell`,
		Example: `  . <(o2cb_ctl completion bash)      # in this shell; bash wants the package bash-completion
  o2cb_ctl completion bash > /etc/bash_completion.d/o2cb_ctl
  o2cb_ctl completion zsh > /usr/local/share/zsh/site-functions/_o2cb_ctl
  o2cb_ctl completion fish > ~/.config/fish/completions/o2cb_ctl.fish`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return printCompletion(s.std.out, cmd.Root(), args[0])
		},
	}
}

// printCompletion prints the script of cobra, and what it needs to serve the other
// names: it calls the program by the name that was typed.
func printCompletion(w io.Writer, root *cobra.Command, shell string) error {
	var script bytes.Buffer
	var err error
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&script, true)
		fmt.Fprintf(&script, "complete -o default -F __start_o2cb_ctl %s\n", otherNames)
	case "zsh":
		// The first line tells compinit which commands the file is for.
		fmt.Fprintf(&script, "#compdef o2cb_ctl %[1]s\ncompdef _o2cb_ctl %[1]s\n", otherNames)
		err = root.GenZshCompletion(&script)
	default:
		err = root.GenFishCompletion(&script, true)
		for name := range strings.FieldsSeq(otherNames) {
			fmt.Fprintf(&script, "complete -c %s -e\n", name)
			fmt.Fprintf(&script, "complete -c %s -n '__o2cb_ctl_clear_perform_completion_once_result'\n", name)
			fmt.Fprintf(&script, "complete -c %s -n __o2cb_ctl_prepare_completions -f -a '$__o2cb_ctl_comp_results'\n", name)
		}
	}
	if err != nil {
		return fmt.Errorf("completion for %s: %w", shell, err)
	}
	_, err = w.Write(script.Bytes())
	return err
}

// completesArguments says what the arguments of a verb are completed from: one source
// an argument, the last one for all that follow when more is true. Behind the sources
// come files, when it says so, or nothing.
type completesArguments struct {
	sources []source
	more    bool
	files   bool
}

// verbArguments are the arguments of the verbs by their path below the root. A verb that
// is not here takes none.
func verbArguments() map[string]completesArguments {
	one := func(s source) completesArguments { return completesArguments{sources: []source{s}} }
	file := completesArguments{files: true}
	return map[string]completesArguments{
		"check":           file,
		"fmt":             file,
		"import":          file,
		"export":          one(clusters),
		"plan":            one(clusters),
		"apply":           one(clusters),
		"online":          one(clusters),
		"offline":         one(clusters),
		"heartbeat start": one(either(devices, regions)),
		"heartbeat stop":  one(runningRegions),
		"volume":          {sources: []source{devices}, more: true},
		"lock":            {sources: []source{lockDomains, lockResources}, files: true},
		"locks":           one(lockDomains),
		"lock-bench":      one(lockDomains),
	}
}

// addCompletions tells cobra how the arguments and options of all verbs are completed.
func addCompletions(root *cobra.Command, s *settings) {
	arguments := verbArguments()
	visit(root, func(cmd *cobra.Command) {
		if len(cmd.ValidArgs) == 0 && !cmd.HasSubCommands() {
			cmd.ValidArgsFunction = s.completeArguments(arguments[verbPath(cmd)])
		}
	})
	directories := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	complete(root, "root", directories)
	complete(root, "local-node", s.completeValue(nodes))
	for path, flags := range map[string]map[string]cobra.CompletionFunc{
		"lock":       {"mount": directories, "single-node": directories, "timeout": cobra.NoFileCompletions, "wait": cobra.NoFileCompletions, "conflict-exit-code": cobra.NoFileCompletions},
		"lock-bench": {"mount": directories, "single-node": directories, "time": cobra.NoFileCompletions},
		"export":     {"format": s.completeValue(words("json", "toml"))},
		"import":     {"format": s.completeValue(words("json", "toml"))},
		"configure": {
			"cluster": s.completeValue(clusters), "node": s.completeValue(nodes),
			"stack": s.completeValue(words("o2cb")), "fence-method": s.completeValue(words("reset", "panic")),
			"heartbeat-threshold": cobra.NoFileCompletions, "idle-timeout-ms": cobra.NoFileCompletions,
			"keepalive-delay-ms": cobra.NoFileCompletions, "reconnect-delay-ms": cobra.NoFileCompletions,
		},
	} {
		if cmd, _, err := root.Find(strings.Fields(path)); err == nil && cmd != root {
			for flag, from := range flags {
				complete(cmd, flag, from)
			}
		}
	}
}

// complete registers the completion of an option's value, if the verb has the option.
func complete(cmd *cobra.Command, flag string, from cobra.CompletionFunc) {
	if cmd.Flag(flag) == nil {
		return
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, from); err != nil {
		panic(err) // registered twice
	}
}

// visit calls do for a command and all below it.
func visit(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		visit(sub, do)
	}
}

// verbPath is what is typed behind the program's name for a verb.
func verbPath(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// completeArguments completes the arguments of a verb.
func (s *settings) completeArguments(c completesArguments) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		at := len(args)
		if c.more {
			at = min(at, len(c.sources)-1)
		}
		switch {
		case at < len(c.sources):
			return s.completeValue(c.sources[at])(cmd, args, prefix)
		case c.files:
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeValue completes one word. Where a path may stand and none of what is known
// fits, the shell completes files: an image is a device too.
func (s *settings) completeValue(from source) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		inv := s.inventory(cmd.Context())
		inv.args = args
		list := startingWith(prefix, from(inv))
		if len(list) == 0 && strings.Contains(prefix, "/") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// startingWith returns the completions that begin with what was typed.
func startingWith(prefix string, list []cobra.Completion) []cobra.Completion {
	var fit []cobra.Completion
	for _, c := range list {
		if strings.HasPrefix(c, prefix) {
			fit = append(fit, c)
		}
	}
	return fit
}
