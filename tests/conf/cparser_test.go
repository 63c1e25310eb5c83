// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
)

// testingT is what *testing.T and *rapid.T have in common.
type testingT interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// cParser asks Debian's o2cb what a file says. The list commands only read the
// file; they do not touch the kernel.
type cParser struct {
	program string
	env     []string
	file    string
}

func newCParser(t testing.TB) *cParser {
	t.Helper()
	program, env := tool(t, "o2cb")
	return &cParser{program: program, env: env, file: filepath.Join(t.TempDir(), "cluster.conf")}
}

// The verdicts of the C parser, spelt as in testdata/verified.tsv.
const (
	accepts = "accepts"
	refuses = "refuses"
	crashes = "crashes"
)

// verdict says what the C parser does with a text.
func (c *cParser) verdict(t testingT, text []byte) string {
	t.Helper()
	_, verdict := c.run(t, text, "list-clusters")
	return verdict
}

// run runs a list command on a text.
func (c *cParser) run(t testingT, text []byte, args ...string) (stdout, verdict string) {
	t.Helper()
	if err := os.WriteFile(c.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, append([]string{"--config-file=" + c.file}, args...)...)
	cmd.Env = c.env
	var out, errout strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errout
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), accepts
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGSEGV:
		return "", crashes
	case errors.As(err, &exit) && exit.ExitCode() == 1 && strings.Contains(errout.String(), "while loading cluster configuration file"):
		return "", refuses
	}
	t.Fatalf("%v: %v: %s", cmd.Args, err, errout.String())
	return "", ""
}

// says returns what the C parser reads from a text, in the form of its own lists.
func (c *cParser) says(t testingT, text []byte, clusters []*cluster.Cluster) string {
	t.Helper()
	all, _ := c.run(t, text, "list-clusters")
	for _, each := range clusters {
		one, _ := c.run(t, text, "list-cluster", "--oneline", "--", each.Name)
		all += one
	}
	return all
}

// weSay renders clusters as the C program lists them.
func weSay(clusters []*cluster.Cluster) string {
	var out strings.Builder
	for _, c := range clusters {
		fmt.Fprintln(&out, c.Name)
	}
	for _, c := range clusters {
		for _, r := range c.Regions {
			fmt.Fprintf(&out, "heartbeat: %s %s\n", r.Name, c.Name)
		}
		for _, n := range c.Nodes {
			fmt.Fprintf(&out, "node: %d %s %s:%d %s\n", n.Number, n.Name, n.Address, n.Port, c.Name)
		}
		fmt.Fprintf(&out, "cluster: %d %s %s\n", len(c.Nodes), c.Mode(), c.Name)
	}
	return out.String()
}

// statedCount matches node_count in the lists of the C program.
var statedCount = regexp.MustCompile(`(?m)^cluster: -?\d+ `)

// sameMeaning checks that the C parser reads a text as we do, and returns what it
// says. A node_count that lies, which has its finding, is not compared.
func (c *cParser) sameMeaning(t testingT, text []byte, f *conf.File) string {
	t.Helper()
	said, ours := c.says(t, text, f.Clusters()), weSay(f.Clusters())
	theirs := said
	for _, finding := range f.Findings() {
		if finding.Code == cluster.CodeNodeCount {
			theirs = statedCount.ReplaceAllString(theirs, "cluster: N ")
			ours = statedCount.ReplaceAllString(ours, "cluster: N ")
		}
	}
	if theirs != ours {
		t.Fatalf("%q\nC reads:\n%s\nwe read:\n%s", text, theirs, ours)
	}
	return said
}
