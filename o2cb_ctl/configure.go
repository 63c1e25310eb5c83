// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/o2cb-go/o2cb/libo2cb"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
)

func newConfigure(s *settings) *cobra.Command {
	c := configuration{settings: s, start: s.startBoot, running: s.running}
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Ask what starts at boot, and write the settings file",
		Long: `configure asks the questions of "/etc/init.d/o2cb configure" and writes the answers
into the settings file, /etc/sysconfig/o2cb or /etc/default/o2cb: whether the driver
is loaded at boot, which cluster is started then, the stack and the timeouts. Enter,
or the end of the input, keeps a value; Ctrl-C changes nothing. Comments, order and
all that it did not ask for stay in the file, which is replaced at once or not at all.

When the driver is to be loaded at boot it is loaded now, and the cluster brought
online, unless --no-start is given. A cluster that is online is left alone in any
case: configure says what to type.

With any other option than --no-start and --json it asks nothing, and changes what
the options and the answer file say. An answer file is TOML and has some of these:

  enabled = true
  stack = "o2cb"
  cluster = "web"              # "none" or "" clears it
  heartbeat_threshold = 61     # 0 in these four is the kernel's own
  idle_timeout_ms = 60000
  keepalive_delay_ms = 2000
  reconnect_delay_ms = 2000
  fence_method = "reset"
  node = "alpha"

An unknown key, or a value of another type or out of its range, is an error, and
nothing is written. What the file and an option both say, the option says.

Exit status:
  0  the file says it, and what was to start has started
  1  refused or failed; the message says whether the file was written`,
		Example: `  o2cb_ctl configure
  o2cb_ctl configure --enabled --cluster web
  o2cb_ctl configure --answers web.toml --no-start --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.asJSON { // the document has standard output to itself
				quiet := *s
				quiet.std.out = s.std.err
				c.start = quiet.startBoot
			}
			return c.run(cmd.Context())
		},
	}
	c.add(cmd.Flags())
	return cmd
}

// configuration is one run of the verb.
type configuration struct {
	*settings
	answers    file.Answers // of the options
	answered   bool         // there is such an option
	answerFile string
	noStart    bool
	asJSON     bool

	start   func(context.Context) error // what "start at boot" starts
	running func(context.Context) (libo2cb.Status, error)
}

// configureReport is what configure --json prints.
type configureReport struct {
	file.Edited
	Started bool `json:"started"` // what starts at boot was started, or ran
}

// add defines the options. One that is not given leaves its answer nil.
func (c *configuration) add(flags *pflag.FlagSet) {
	text := func(name, usage string, to **string) {
		flags.Func(name, usage, func(value string) error {
			*to, c.answered = &value, true
			return nil
		})
	}
	number := func(name, usage string, to **int64) {
		flags.Func(name, usage, func(value string) error {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return fmt.Errorf("%q is no whole number", value)
			}
			*to, c.answered = &n, true
			return nil
		})
	}
	flags.BoolFunc("enabled", "load the driver and start the cluster at boot; --enabled=false does not", func(value string) error {
		yes, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		c.answers.Enabled, c.answered = &yes, true
		return nil
	})
	text("stack", "`label` of the cluster stack", &c.answers.Stack)
	text("cluster", "`name` of the cluster to start at boot; none clears it", &c.answers.Cluster)
	number("heartbeat-threshold", "missed beats until a node is dead, plus one: a `number`, 0 for the kernel's own", &c.answers.HeartbeatThreshold)
	number("idle-timeout-ms", "silence until a connection is given up: `milliseconds`, 0 for the kernel's own", &c.answers.IdleTimeoutMS)
	number("keepalive-delay-ms", "silence until a keepalive packet: `milliseconds`, 0 for the kernel's own", &c.answers.KeepaliveDelayMS)
	number("reconnect-delay-ms", "pause before the next attempt to connect: `milliseconds`, 0 for the kernel's own", &c.answers.ReconnectDelayMS)
	text("fence-method", "what a cut-off node does to itself: `reset` or panic", &c.answers.FenceMethod)
	text("node", "`name` of this host's node, when the host name is another", &c.answers.Node)
	flags.StringVar(&c.answerFile, "answers", "", "read the answers from a TOML `file` (- for standard input)")
	flags.BoolVar(&c.noStart, "no-start", false, "write the file only")
	flags.BoolVar(&c.asJSON, "json", false, "print JSON: what was changed")
}

// run asks or reads, writes, and starts.
func (c *configuration) run(ctx context.Context) error {
	path, err := file.Path(c.root)
	if err != nil {
		return err
	}
	said := c.std.out
	if c.asJSON {
		said = c.std.err
	}
	asked := !c.answered && c.answerFile == ""
	answer := c.given
	if asked {
		answer = func(context.Context) (file.Answers, error) { return c.ask(said, path) }
	}
	answers, err := answer(ctx)
	if err != nil {
		return err
	}
	done, err := c.write(ctx, said, path, answers)
	if err != nil {
		return err
	}
	if !asked {
		printChanged(said, done)
	}
	started, err := c.follow(ctx, said, path)
	if c.asJSON {
		return printDone(c.std.out, configureReport{done, started}, err)
	}
	return err
}

// ask holds the dialogue, unless no answer could mend what is wrong with the file.
func (c *configuration) ask(said io.Writer, path string) (file.Answers, error) {
	if err := file.Mendable(path, file.Asked()...); err != nil {
		return file.Answers{}, explainFindings(c.std.err, err, true)
	}
	now, findings, err := file.Load(path)
	if err != nil {
		return file.Answers{}, err
	}
	printWarnings(c.std.err, findings.Errors()) // which the answers can mend
	with := file.NewInterview(*now)
	if !isTyped(c.std.in) {
		with.FromScript()
	}
	return dialogue{in: bufio.NewReader(c.std.in), out: said, err: c.std.err, with: with}.hold()
}

// given returns the answers of the options and of the answer file.
func (c *configuration) given(ctx context.Context) (file.Answers, error) {
	if c.answerFile == "" {
		return c.answers, nil
	}
	name := c.fileName([]string{c.answerFile})
	shown, open := name, func() (io.ReadCloser, error) { return os.Open(name) }
	if name == standardInput {
		shown, open = "standard input", func() (io.ReadCloser, error) { return io.NopCloser(c.std.in), nil }
	}
	text, err := readUntil(ctx, open)
	if err != nil {
		return file.Answers{}, fmt.Errorf("read answers: %w", err)
	}
	read, findings := file.ReadAnswers(shown, text)
	if err := findings.Err(); err != nil {
		for _, finding := range findings {
			fmt.Fprintln(c.std.err, finding)
		}
		return file.Answers{}, invalidAnswers{explained{fmt.Sprintf("the answer file has %s, and nothing was changed", plural(len(findings), "error")), err}}
	}
	return c.answers.Or(read), nil
}

// write puts the answers into the settings file, and says so in the words of the C init script.
func (c *configuration) write(ctx context.Context, said io.Writer, path string, answers file.Answers) (file.Edited, error) {
	fmt.Fprint(said, "Writing O2CB configuration: ")
	done, err := file.Edit(ctx, path, answers.Changes()...)
	if err != nil {
		fmt.Fprintln(said, "Failed")
		return done, explainFindings(c.std.err, err, true)
	}
	_, err = fmt.Fprintln(said, "OK")
	printWarnings(c.std.err, done.Findings)
	return done, err
}

// printChanged prints what is another value now, as it stands in the file.
func printChanged(w io.Writer, done file.Edited) {
	if done.Created {
		fmt.Fprintf(w, "made %s\n", done.Path)
	}
	for _, c := range done.Changed {
		fmt.Fprintf(w, "%s=%s, was %q\n", c.Variable, c.Is, c.Was)
	}
	if !done.Created && len(done.Changed) == 0 {
		fmt.Fprintf(w, "%s has it all already: nothing changed\n", done.Path)
	}
}
