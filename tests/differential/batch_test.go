// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

const configFile = "/etc/ocfs2/cluster.conf"

// batch is what the role of that name gets to do.
type batch struct {
	Ours  string // the folder of our programs
	Cases []job
}

// job is one command line and where it starts from.
type job struct {
	Config string // the text of cluster.conf; "-" for no file
	Setup  string // command lines that are run before, on both sides, each of which must succeed
	Scene  string // the name of what the kernel is doing; see scenes
	Line   string
}

// outcome is what a command line did.
type outcome struct {
	Stdout, Stderr string
	Status         int    // 128 + the signal that ended it
	File           string // as the C parser lists it
	Tree           string // what the kernel has; see kernelState
}

// pair is a job done by both.
type pair struct{ C, Ours outcome }

// runBatch is the role: it does the jobs of a file and prints the pairs.
func runBatch(args []string) int {
	pairs, err := doBatch(args[0])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(pairs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func doBatch(path string) ([]pair, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var b batch
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, err
	}
	r := &runner{said: map[string]string{}}
	if err := setUp(prepareDisks); err != nil {
		return nil, err
	}
	var pairs []pair
	for _, j := range b.Cases {
		c, err := r.do(j, "")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.Line, err)
		}
		ours, err := r.do(j, b.Ours)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.Line, err)
		}
		pairs = append(pairs, pair{c, ours})
	}
	return pairs, nil
}

// runner does jobs.
type runner struct {
	said  map[string]string // what the C parser says of a text
	stage stage
	lock  *os.File // the lock that is held in the scene of that name
}

// word is a word of a command line, bare or in quotes. A shell would have to
// be started, which takes the guest longer than the command.
var word = regexp.MustCompile(`'([^']*)'|(\S+)`)

func words(line string) []string {
	var all []string
	for _, m := range word.FindAllStringSubmatch(line, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

// do does a job with the programs of a folder; those in PATH without one.
func (r *runner) do(j job, folder string) (outcome, error) {
	var o outcome
	if err := r.prepare(j); err != nil {
		return o, err
	}
	args := words(j.Line)
	cmd := exec.Command(filepath.Join(folder, args[0]), args[1:]...)
	var out, errout strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errout
	err := cmd.Run()
	if o.Status = statusOf(cmd); o.Status < 0 {
		return o, err
	}
	o.Stdout, o.Stderr = out.String(), errout.String()
	if o.File, err = r.readConfig(); err != nil {
		return o, err
	}
	o.Tree, err = kernelState()
	return o, err
}

// prepare brings file and kernel to where a job starts.
func (r *runner) prepare(j job) error {
	if j.Scene != "" {
		return r.set(j)
	}
	if err := r.clear(); err != nil {
		return err
	}
	if err := writeConfig(j.Config); err != nil {
		return err
	}
	return setUp(j.Setup)
}

// setUp runs command lines.
func setUp(lines string) error {
	for line := range strings.Lines(lines) {
		args := words(line)
		if len(args) == 0 {
			continue
		}
		if out, status := command(args...); status != 0 {
			return fmt.Errorf("setup %s: status %d: %s", line, status, out)
		}
	}
	return nil
}

func statusOf(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	if wait := cmd.ProcessState.Sys().(syscall.WaitStatus); wait.Signaled() {
		return 128 + int(wait.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

// command runs a C tool and returns all that it says.
func command(args ...string) (string, int) {
	cmd := exec.Command(args[0], args[1:]...)
	out, _ := cmd.CombinedOutput()
	return string(out), statusOf(cmd)
}

func writeConfig(text string) error {
	if text == "-" {
		err := os.Remove(configFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.WriteFile(configFile, []byte(text), 0o644)
}

// readConfig returns what the C parser reads in cluster.conf.
func (r *runner) readConfig() (string, error) {
	text, err := os.ReadFile(configFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if said, known := r.said[string(text)]; known {
		return said, nil
	}
	said, status := command("o2cb", "list-clusters")
	if status == 0 {
		for name := range strings.Lines(said) {
			one, _ := command("o2cb", "list-cluster", "--oneline", "--", strings.TrimSpace(name))
			said += one
		}
	}
	r.said[string(text)] = said
	return said, nil
}
