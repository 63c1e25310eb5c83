// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// page returns the Markdown of a page of the manual.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "man", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sections returns what stands below each heading, by heading. The level is the number
// of its # signs.
func sections(text string, level int) map[string]string {
	mark := strings.Repeat("#", level) + " "
	found := map[string]string{}
	heading := ""
	for line := range strings.Lines(text) {
		switch title, ok := strings.CutPrefix(line, mark); {
		case ok:
			heading = strings.TrimSpace(title)
			found[heading] = ""
		case strings.HasPrefix(line, "#") && strings.Index(line, " ") < level:
			heading = ""
		case heading != "":
			found[heading] += line
		}
	}
	return found
}

// options returns the options that a section defines: the first line of "**-d**,
// **--diff**" above a line that starts with a colon.
func options(section string) []string {
	var all []string
	lines := strings.Split(section, "\n")
	for i, line := range lines[:len(lines)-1] {
		if strings.HasPrefix(lines[i+1], ": ") {
			for _, m := range regexp.MustCompile(`\*\*(-[^*]+)\*\*`).FindAllStringSubmatch(line, -1) {
				all = append(all, m[1])
			}
		}
	}
	slices.Sort(all)
	return all
}

// optionsOf returns the options of a set of flags.
func optionsOf(flags *pflag.FlagSet) []string {
	var all []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		all = append(all, "--"+f.Name)
		if f.Shorthand != "" {
			all = append(all, "-"+f.Shorthand)
		}
	})
	slices.Sort(all)
	return all
}

// statuses returns the numbers of the paragraph that begins with "Exit status".
func statuses(text string) []string {
	at := strings.Index(text, "Exit status")
	if at < 0 {
		return nil
	}
	paragraph, _, _ := strings.Cut(text[at:], "\n\n")
	var all []string
	for _, m := range regexp.MustCompile(`(?m)\*\*(\d+)\*\*|^  (\d+)  `).FindAllStringSubmatch(paragraph, -1) {
		all = append(all, m[1]+m[2])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// verbs returns the verbs that do something, by what is typed for them.
func verbs(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	found := map[string]*cobra.Command{}
	visit(newRoot(&settings{}), func(cmd *cobra.Command) {
		if cmd.Runnable() && !cmd.HasSubCommands() && !cmd.Hidden && cmd.HasParent() {
			found[verbPath(cmd)] = cmd
		}
	})
	if len(found) < 10 {
		t.Fatalf("only %d verbs", len(found))
	}
	return found
}

// TestManualHasVerbs holds the page against the program: the same verbs, each with the
// same arguments, options and exit statuses.
func TestManualHasVerbs(t *testing.T) {
	text := page(t, "o2cb_ctl.8")
	described := sections(text, 3)
	for path, cmd := range verbs(t) {
		heading := strings.TrimSpace(verbPath(cmd.Parent()) + " " + cmd.Use)
		section, ok := described[heading]
		if !ok {
			t.Errorf("no section %q", heading)
			continue
		}
		delete(described, heading)
		if got, want := options(section), optionsOf(cmd.LocalNonPersistentFlags()); !slices.Equal(got, want) {
			t.Errorf("section %q has the options %q, the program %q", heading, got, want)
		}
		got, want := statuses(section), statuses(cmd.Long)
		if len(want) == 0 {
			t.Errorf("%s --help does not list its exit statuses", path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("section %q has the exit statuses %q, --help %q", heading, got, want)
		}
	}
	for heading := range described {
		t.Errorf("section %q is about no verb", heading)
	}
	root := newRoot(&settings{})
	want := append(optionsOf(root.Flags()), optionsOf(root.PersistentFlags())...)
	want = append(want, "--help", "-h")
	slices.Sort(want)
	if got := options(sections(text, 2)["GLOBAL OPTIONS"]); !slices.Equal(got, slices.Compact(want)) {
		t.Errorf("GLOBAL OPTIONS are %q, the program has %q", got, want)
	}
}

// TestManualHasHistoricalOptions does the same for the letters of the C programs.
func TestManualHasHistoricalOptions(t *testing.T) {
	var letters []string
	for _, r := range strings.ReplaceAll(classicLetters, ":", "") {
		letters = append(letters, "-"+string(r))
	}
	slices.Sort(letters)
	if got := options(sections(page(t, "o2cb_ctl.8"), 2)["HISTORICAL OPTIONS"]); !slices.Equal(got, letters) {
		t.Errorf("HISTORICAL OPTIONS are %q, the program has %q", got, letters)
	}
	for name, usage := range map[string]string{"ocfs2_hb_ctl": hbUsage, "o2hbmonitor": monitorUsage + " -h"} {
		var used []string
		for _, m := range regexp.MustCompile(`(?:^|[\s\[])-([a-zA-Z])\b`).FindAllStringSubmatch(usage, -1) {
			used = append(used, "-"+m[1])
		}
		slices.Sort(used)
		if got := options(sections(page(t, name+".8"), 2)["OPTIONS"]); !slices.Equal(got, slices.Compact(used)) {
			t.Errorf("%s(8) has the options %q, the usage %q", name, got, slices.Compact(used))
		}
	}
}

// TestManualHasCommandsOfO2CB holds o2cb(8) against the commands and their usages.
func TestManualHasCommandsOfO2CB(t *testing.T) {
	described := sections(page(t, "o2cb.8"), 3)
	for _, verb := range o2cbVerbs() {
		heading := strings.TrimSpace(verb.name + " " + verb.usage)
		section, ok := described[heading]
		if !ok {
			t.Errorf("no section %q", heading)
		}
		delete(described, heading)
		for _, o := range regexp.MustCompile(`--[a-z]+`).FindAllString(verb.usage, -1) {
			if !slices.Contains(options(section), o) {
				t.Errorf("section %q lacks %s", heading, o)
			}
		}
	}
	for heading := range described {
		t.Errorf("section %q is about no command", heading)
	}
}

// TestConfigurationsOfManual checks the cluster.conf files that the manual shows.
func TestConfigurationsOfManual(t *testing.T) {
	blocks := regexp.MustCompile("(?ms)^```conf\n(.*?)^```$").FindAllStringSubmatch(page(t, "ocfs2.cluster.conf.5"), -1)
	if len(blocks) < 2 {
		t.Fatalf("only %d configurations", len(blocks))
	}
	for i, block := range blocks {
		f, findings := conf.Parse(fmt.Sprintf("example %d", i), []byte(block[1]))
		if len(findings) > 0 || len(f.Clusters()) != 1 {
			t.Errorf("%d clusters, %v", len(f.Clusters()), findings)
		}
	}
}

// example is one command line of a page or a help text.
type example struct {
	where string
	words []string
}

// examples returns the command lines of our programs in the fenced blocks of the pages
// and in the examples of the help texts.
func examples(t *testing.T) []example {
	t.Helper()
	files, err := filepath.Glob("../docs/man/*.md")
	if err != nil || len(files) < 6 {
		t.Fatalf("pages: %q, %v", files, err)
	}
	var all []example
	for _, file := range files {
		for _, block := range regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```$").FindAllStringSubmatch(page(t, strings.TrimSuffix(filepath.Base(file), ".md")), -1) {
			all = append(all, ours(filepath.Base(file), block[1])...)
		}
	}
	for path, cmd := range verbs(t) {
		all = append(all, ours(path+" --help", cmd.Example)...)
	}
	return all
}

// ours returns the calls of our programs in a text of command lines.
func ours(where, text string) []example {
	names := []string{"o2cb_ctl", "o2cb", "ocfs2_hb_ctl", "o2hbmonitor"}
	var all []example
	for line := range strings.Lines(text) {
		for _, words := range commands(strings.TrimPrefix(strings.TrimSpace(line), "$ ")) {
			if len(words) > 0 && slices.Contains(names, words[0]) {
				all = append(all, example{where, words})
			}
		}
	}
	return all
}

// commands splits a line of shell into the words of its simple commands, as far as the
// examples need it: quotes, comments, and what stands between commands.
func commands(line string) [][]string {
	var all [][]string
	var words []string
	word, quote, inWord := "", rune(0), false
	end := func() {
		if inWord {
			words = append(words, word)
		}
		word, inWord = "", false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == '#' && !inWord:
			end()
			return append(all, words)
		case r == ' ':
			end()
		case strings.ContainsRune("|&;<>()", r):
			if r == '>' && word == "2" {
				word, inWord = "", false // the number of a descriptor
			}
			end()
			all, words = append(all, words), nil
		default:
			word, inWord = word+string(r), true
		}
	}
	end()
	return append(all, words)
}

// TestExamplesParse shows that every example is a command line that the program takes.
func TestExamplesParse(t *testing.T) {
	all := examples(t)
	if len(all) < 30 {
		t.Fatalf("only %d examples", len(all))
	}
	for _, e := range all {
		if err := parses(e.words); err != nil {
			t.Errorf("%s: %q: %v", e.where, e.words, err)
		}
	}
}

// parses reads a command line as the program does, and runs nothing.
func parses(words []string) error {
	args := words[1:]
	std := streams{strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}}
	switch {
	case words[0] == "ocfs2_hb_ctl":
		_, err := parseHeartbeatControl(args)
		return err
	case words[0] == "o2hbmonitor":
		_, err := parseMonitor(args)
		return err
	case words[0] == "o2cb":
		o := &o2cb{program: "o2cb", settings: settings{std: std, root: "/"}}
		if _, err := o.parse(args); err != nil {
			return err
		}
		_, _, err := getopt(o.args, "", map[string]bool{"ip": true, "port": true, "number": true, "oneline": false})
		return err
	case isHistorical(args):
		_, err := parseClassic(args, std)
		return err
	}
	cmd, rest, err := newRoot(&settings{std: std}).Find(args)
	if err != nil {
		return err
	}
	if !cmd.Runnable() && len(args) > 0 && !slices.Contains(args, "--help") {
		return fmt.Errorf("%s does nothing", cmd.CommandPath())
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if slices.Contains(args, "--help") {
		return nil
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return cmd.ValidateFlagGroups()
}

// TestParsesRefuses shows that the check of examples can fail.
func TestParsesRefuses(t *testing.T) {
	for _, line := range []string{
		"o2cb_ctl onlyne", "o2cb_ctl status --jsn", "o2cb_ctl check a b", "o2cb_ctl fmt -d -w", "o2cb_ctl heartbeat",
		"o2cb_ctl lock d r c", "o2cb_ctl -I -C", "o2cb_ctl -I -q", "o2cb frob", "o2cb add-node --ipp 1 web a", "ocfs2_hb_ctl -S", "o2hbmonitor -w",
	} {
		if err := parses(strings.Fields(line)); err == nil {
			t.Errorf("%q parses", line)
		}
	}
}

// TestHelpGroups shows that the list of verbs is in groups, each verb in one.
func TestHelpGroups(t *testing.T) {
	var out bytes.Buffer
	if status := run(context.Background(), []string{"o2cb_ctl", "help"}, streams{nil, &out, &out}); status != 0 {
		t.Fatalf("help: %d", status)
	}
	at := -1
	for _, title := range []string{"Configuration:", "Cluster:", "Heartbeat:", "Locks:"} {
		next := strings.Index(out.String(), "\n"+title+"\n")
		if next <= at {
			t.Errorf("%q is missing or out of place in\n%s", title, out.String())
		}
		at = next
	}
	root := newRoot(&settings{})
	ungrouped := map[string]bool{}
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" && !cmd.Hidden {
			ungrouped[cmd.Name()] = true
		}
	}
	delete(ungrouped, "completion")
	if len(ungrouped) > 0 {
		t.Errorf("in no group: %q", slices.Sorted(maps.Keys(ungrouped)))
	}
}
