// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/o2cb-go/o2cb/libo2cb"
	"github.com/o2cb-go/o2cb/libo2cb/cluster"
	"github.com/o2cb-go/o2cb/libo2cb/conf"
	"github.com/o2cb-go/o2cb/libo2cb/configfs"
	file "github.com/o2cb-go/o2cb/libo2cb/settings"
	"github.com/o2cb-go/o2cb/libo2cb/volume"
	"github.com/o2cb-go/o2cb/libo2dlm"
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// invalidDefinition is a definition that is not imported.
type invalidDefinition struct{ error }

func (e invalidDefinition) Unwrap() error { return e.error }

// invalidAnswers is an answer file that is not followed.
type invalidAnswers struct{ error }

func (e invalidAnswers) Unwrap() error { return e.error }

// explained is an error in other words, for people who have read the findings.
type explained struct {
	message string
	err     error
}

func (e explained) Error() string { return e.message }
func (e explained) Unwrap() error { return e.err }

// halfDone is a failure with what was changed before it and stands.
type halfDone struct {
	error
	done any
}

func (e halfDone) Unwrap() error { return e.error }

// errorReport is what a verb with --json prints of a failure.
type errorReport struct {
	Error errorDetail `json:"error"`
	// Done is what the verb prints when it succeeds, of what it did before it failed.
	Done any `json:"done,omitempty"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"` // what stands on standard error
	Op      string `json:"op,omitempty"`
	Path    string `json:"path,omitempty"`
	Value   string `json:"value,omitempty"` // what was written
	Errno   string `json:"errno,omitempty"` // its name, such as EBUSY
	// Findings are the rules that a text breaks.
	Findings []cluster.Finding `json:"findings,omitempty"`
}

// newErrorReport describes a failure.
func newErrorReport(err error) errorReport {
	d := errorDetail{Code: codeOf(err), Message: err.Error(), Findings: findingsOf(err)}
	d.Op, d.Path, d.Value = placeOf(err)
	var errno unix.Errno
	if errors.As(err, &errno) {
		d.Errno = unix.ErrnoName(errno)
	}
	r := errorReport{Error: d}
	if half, ok := errors.AsType[halfDone](err); ok {
		r.Done = half.done
	}
	return r
}

// placeOf returns the operation that failed, on which path, and what it wrote.
func placeOf(err error) (op, path, value string) {
	if e, ok := errors.AsType[*configfs.Error](err); ok {
		return e.Op, e.Path, e.Value
	}
	if e, ok := errors.AsType[*conf.Error](err); ok {
		return e.Op, e.Path, ""
	}
	if e, ok := errors.AsType[*file.Error](err); ok {
		return e.Op, e.Path, ""
	}
	if e, ok := errors.AsType[*file.ChangeError](err); ok {
		return "set", e.Variable, e.Value
	}
	if e, ok := errors.AsType[*volume.Error](err); ok {
		return e.Op, e.Path, ""
	}
	if e, ok := errors.AsType[*libo2dlm.Error](err); ok {
		return e.Op, e.Path, ""
	}
	if e, ok := errors.AsType[*libo2cb.UnknownClusterError](err); ok {
		return "", e.Config, e.Name
	}
	if e, ok := errors.AsType[*libo2cb.ClusterDiffersError](err); ok {
		return "", e.Config, e.Cluster
	}
	if e, ok := errors.AsType[*libo2cb.TimingElsewhereError](err); ok {
		return "", e.Path, ""
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Op, e.Path, ""
	}
	return "", "", ""
}

// findingsOf returns the findings that a failure is about.
func findingsOf(err error) []cluster.Finding {
	if e, ok := errors.AsType[*cluster.InvalidError](err); ok {
		return e.Findings
	}
	var all []cluster.Finding
	if e, ok := errors.AsType[*conf.InvalidError](err); ok {
		for _, f := range e.Findings {
			all = append(all, cluster.Finding{
				File: f.File, Line: f.Line, Column: f.Column, Severity: f.Severity, Code: f.Code,
				Found: f.Found, Expected: f.Expected, Mend: f.Mend, Permissible: f.Permissible,
			})
		}
	}
	return all
}

// usageStatus is the annotation of a verb whose usage errors have an exit status of
// their own.
const usageStatus = "usage-status"

// report prints a failure of a verb and returns the exit status: one line for
// people on standard error and, when the verb was to print JSON, the same for
// programs on standard output. There, because who parses the output of a verb
// gets a document whatever happens, and needs no second channel to learn why.
func (s *settings) report(verb *cobra.Command, args []string, err error) int {
	var silent silentError
	if errors.As(err, &silent) {
		return silent.status
	}
	code := 1
	if _, wrong := errors.AsType[usageError](err); wrong && verb.Annotations[usageStatus] != "" {
		code, _ = strconv.Atoi(verb.Annotations[usageStatus])
	}
	var status statusError
	if errors.As(err, &status) {
		code = status.status
	}
	message := err.Error()
	if s.verbose {
		message = fmt.Sprintf("%s [%s]", message, codeOf(err))
	}
	if wantsJSON(verb, args) {
		if failed := printJSON(s.std.out, newErrorReport(err)); failed != nil {
			message = fmt.Sprintf("%s; and so failed its report: %v", message, failed)
		}
	}
	return refuse(s.std.err, "o2cb_ctl", message, code)
}

// wantsJSON tells whether a verb was to print JSON. A command line that could not
// be parsed may not have come as far as the flag.
func wantsJSON(verb *cobra.Command, args []string) bool {
	flag := verb.Flags().Lookup("json")
	return flag != nil && (flag.Value.String() == "true" || !flag.Changed && slices.Contains(args, "--json"))
}

// markUsage makes the errors of all command lines usage errors.
func markUsage(c *cobra.Command) {
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return usageError{err}
	})
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		markUsage(child)
	}
}
