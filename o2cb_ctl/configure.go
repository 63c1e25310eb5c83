// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/stack"
)

// answer is one setting that configure writes: the variable, and what it is called as
// a flag and in a file of answers.
type answer struct {
	variable, flag, key string
	help                string
}

// bootAnswers are all of them, in the order of the file.
func bootAnswers() []answer {
	return []answer{
		{file.Enabled, "enabled", "enabled", "start at boot: `true or false`"},
		{file.Stack, "stack", "stack", "the cluster `stack`: o2cb"},
		{file.BootCluster, "cluster", "cluster", "the `cluster` to start at boot; none for no cluster"},
		{file.HeartbeatThreshold, "heartbeat-threshold", "heartbeat_threshold", "heartbeat dead threshold: a node is dead after (`N` − 1) × 2 s"},
		{file.IdleTimeoutMS, "idle-timeout", "idle_timeout_ms", "network idle timeout in `ms`"},
		{file.KeepaliveDelayMS, "keepalive-delay", "keepalive_delay_ms", "network keepalive delay in `ms`"},
		{file.ReconnectDelayMS, "reconnect-delay", "reconnect_delay_ms", "network reconnect delay in `ms`"},
		{file.FenceMethod, "fence-method", "fence_method", "what a node does that has lost the cluster: `reset or panic`"},
		{file.Node, "node", "node", "`name` of this host's node, when the host name is another"},
	}
}

func newConfigure(s *settings) *cobra.Command {
	var from string
	var noStart bool
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Ask for the settings of the boot and write them",
		Long: `configure asks what is to happen at boot, and writes the answers to the settings
file: /etc/sysconfig/o2cb or /etc/default/o2cb, see o2cb.sysconfig(5). Comments,
order and other variables stay. Enter keeps the value in brackets; Ctrl-C, and
Ctrl-D on a terminal, end it and nothing is written.

When its input is no terminal, the answers are read from it, a line each, in the
order in which the init script of ocfs2-tools 1.8 asks: whether to start at boot,
stack, cluster, heartbeat dead threshold, idle timeout, keepalive delay, reconnect
delay. What is missing at its end keeps its value; if an answer was wrong nothing is
written then.

With flags, or a TOML file of --answers, it asks nothing and sets these:

  enabled = true
  cluster = "web"             # "none" for no cluster
  heartbeat_threshold = 31    # also stack, idle_timeout_ms, keepalive_delay_ms,
                              # reconnect_delay_ms, fence_method, node

A flag counts more than the file. An empty text leaves a setting to the kernel.

Afterwards the cluster is started if that is what the settings say, unless
--no-start is given. A cluster that runs is never taken down: what it takes only
while it is offline is told, and holds from the next start on.

Exit status:
  0    written, or nothing had to be
  1    a value is refused, or writing or starting failed
  4    only root may do this
  6    not configured: settings with errors, no file, no such cluster
  130  interrupted: nothing was written`,
		Example: `  o2cb_ctl configure
  o2cb_ctl configure --enabled=true --cluster web
  o2cb_ctl configure --answers answers.toml --no-start`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given, err := givenAnswers(cmd, from)
			if err != nil {
				return refuseAnswers(s.std.err, err)
			}
			c := &configuring{service: &service{settings: s, manager: s.manager(true)}}
			return lsb(s.std.err, c.run(cmd.Context(), given, noStart))
		},
	}
	flags := cmd.Flags()
	for _, a := range bootAnswers() {
		flags.String(a.flag, "", a.help)
	}
	flags.StringVar(&from, "answers", "", "read the settings from a TOML `file`; - for standard input")
	flags.BoolVar(&noStart, "no-start", false, "write the settings and start nothing")
	return cmd
}

// given are values by variable.
type given map[string]string

// givenAnswers returns what the flags and the file of answers say; nil when there are
// neither.
func givenAnswers(cmd *cobra.Command, from string) (given, error) {
	var all given
	if from != "" {
		var err error
		if all, err = readAnswers(from, cmd.InOrStdin()); err != nil {
			return nil, err
		}
	}
	for _, a := range bootAnswers() {
		if !cmd.Flags().Changed(a.flag) {
			continue
		}
		if all == nil {
			all = given{}
		}
		value, err := cmd.Flags().GetString(a.flag)
		if err != nil {
			return nil, err
		}
		if a.variable == file.Enabled && value != "true" && value != "false" {
			return nil, usageError{fmt.Errorf("--%s %q: want true or false", a.flag, value)}
		}
		all[a.variable] = value
	}
	if all[file.BootCluster] == "none" {
		all[file.BootCluster] = ""
	}
	return all, nil
}

// configuring is one call of configure.
type configuring struct{ *service }

func (c *configuring) run(ctx context.Context, all given, noStart bool) error {
	_, path, _, err := c.manager.Settings()
	if err != nil {
		return err
	}
	if all == nil {
		if all, err = c.ask(ctx); err != nil {
			return err
		}
	} else if err := checkGiven(all); err != nil {
		return err
	}
	changed, err := c.writeSettings(ctx, path, func(t *file.Text) {
		for _, a := range bootAnswers() {
			if value, set := all[a.variable]; set {
				t.Set(a.variable, value)
			}
		}
	})
	if err != nil {
		return err
	}
	if !changed {
		// The original says so whether or not anything is new.
		c.say("Writing O2CB configuration: OK")
	}
	if noStart {
		return nil
	}
	return c.startUnlessOff(ctx)
}

// checkGiven refuses a stack that is not ours: the file could hold it, but not start.
func checkGiven(all given) error {
	if label := all[file.Stack]; label != "" && label != stack.Label {
		return fmt.Errorf("stack %q: the stack of this program is %s", label, stack.Label)
	}
	return nil
}

// startUnlessOff starts the cluster if the settings say so, and takes nothing down.
func (c *configuring) startUnlessOff(ctx context.Context) error {
	ctx, stop := steadfast(ctx)
	defer stop()
	err := c.start(ctx)
	if e, ok := errors.AsType[*libo2cb.NeedsOfflineError](err); ok {
		fmt.Fprintf(c.std.err, "o2cb_ctl: the settings are written and hold from the next start on: %v\n", e)
		return nil
	}
	if err != nil {
		return err
	}
	s, path, err := c.readSettings()
	if err != nil || s.Enabled {
		return err
	}
	if st, err := c.manager.Status(ctx); err == nil && st.Cluster != nil {
		fmt.Fprintf(c.std.err, "o2cb_ctl: cluster %s stays online; %s says not to start it at boot\n", st.Cluster.Name, path)
	}
	return nil
}

// ask asks for the settings; see question.
func (c *configuring) ask(ctx context.Context) (given, error) {
	s, path, findings, err := c.manager.Settings()
	if err == nil {
		err = findings.ErrPermissive()
	}
	if err != nil {
		return nil, err
	}
	d := newDialogue(ctx, c.std)
	fmt.Fprint(c.std.out, introduction)
	all := given{}
	for _, q := range questions(s, d.terminal) {
		value, changed, err := d.ask(q, all)
		if err != nil {
			return nil, fmt.Errorf("%s was not written: %w", path, err)
		}
		if changed {
			all[q.variable] = value
		}
	}
	if !d.terminal {
		fmt.Fprintln(c.std.out) // the answer to the last one was not echoed
	}
	return all, d.refusedAny()
}

// introduction is the text of /etc/init.d/o2cb configure, as README.O2CB quotes it
// and programs wait for it.
const introduction = `Configuring the O2CB driver.

This will configure the on-boot properties of the O2CB driver.
The following questions will determine whether the driver is loaded on
boot.  The current values will be shown in brackets ('[]').  Hitting
<ENTER> without typing an answer will keep that current value.  Ctrl-C
will abort.

`

// question is one of them, in the words of the original.
type question struct {
	variable string
	prompt   string
	current  string // as shown in brackets
	// accept returns the value for an answer that is not empty, or what is wrong with it.
	accept func(answer string, so given) (value string, wrong string)
}

// questions returns them: on a terminal in the order of the README, elsewhere, where
// the answers come by their place, in that of ocfs2-tools 1.8.
func questions(s *file.Settings, terminal bool) []question {
	enabled := question{file.Enabled, "Load O2CB driver on boot (y/n)", choice(s.Enabled, "y", "n"), acceptEnabled}
	backing := question{file.Stack, "Cluster stack backing O2CB", cmp.Or(s.Stack, stack.Label), acceptStack}
	boot := question{file.BootCluster, `Cluster to start on boot (Enter "none" to clear)`, s.BootCluster, acceptCluster}
	first := []question{enabled, backing, boot}
	if terminal {
		first = []question{enabled, boot, backing}
	}
	timing, kernel := s.Timing(), cluster.DefaultTiming()
	for _, n := range []struct {
		setting cluster.Setting
		name    string
		least   int // that the original takes
	}{
		{cluster.DeadThreshold, "heartbeat dead threshold", 7},
		{cluster.IdleTimeout, "network idle timeout in ms", 5000},
		{cluster.KeepaliveDelay, "network keepalive delay in ms", 1000},
		{cluster.ReconnectDelay, "network reconnect delay in ms", 2000},
	} {
		first = append(first, question{
			variable: file.Variable(n.setting),
			prompt:   fmt.Sprintf("Specify %s (>=%d)", n.name, n.least),
			current:  cmp.Or(timing.Get(n.setting), kernel.Get(n.setting)),
			accept:   acceptNumber(n.name, n.least, n.setting, cmp.Or(timing.Get(cluster.IdleTimeout), kernel.Get(cluster.IdleTimeout))),
		})
	}
	return first
}

func acceptEnabled(text string, _ given) (value, wrong string) {
	switch text {
	case "y", "Y":
		return "true", ""
	case "n", "N":
		return "false", ""
	}
	return "", "Invalid answer: " + text + " (y or n)"
}

func acceptStack(text string, _ given) (value, wrong string) {
	if text == stack.Label {
		return text, ""
	}
	return "", "Invalid answer: " + text + " (the stack of this program is " + stack.Label + ")"
}

func acceptCluster(text string, _ given) (value, wrong string) {
	if text == "none" {
		return "", ""
	}
	for _, v := range cluster.CheckClusterName(text) {
		if v.Severity == cluster.SeverityError {
			return "", fmt.Sprintf("Invalid cluster name: %s (%s)", text, v.Expected)
		}
	}
	return text, ""
}

// acceptNumber takes numbers as the original does, and a keepalive delay only below
// the idle timeout, idle when that was not answered.
func acceptNumber(name string, least int, setting cluster.Setting, idle string) func(string, given) (string, string) {
	return func(text string, so given) (value, wrong string) {
		n, err := strconv.ParseUint(text, 10, 32)
		switch {
		case err != nil:
			return "", fmt.Sprintf("Invalid %s value: %s (a decimal number from %d on)", name, text, least)
		case n < uint64(least):
			return "", fmt.Sprintf("%s cannot be less than %d", name, least)
		}
		for _, v := range cluster.CheckTimingNumber(setting, n) {
			return "", fmt.Sprintf("Invalid %s value: %s (%s)", name, text, v.Expected)
		}
		if limit, err := strconv.ParseUint(cmp.Or(so[file.IdleTimeoutMS], idle), 10, 32); err == nil && setting == cluster.KeepaliveDelay && n >= limit {
			return "", fmt.Sprintf("%s cannot be %d or more, the network idle timeout", name, limit)
		}
		return strconv.FormatUint(n, 10), ""
	}
}

// openAnswers opens a file of answers.
func openAnswers(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(name)
}
