// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// benchOptions are the flags of the verb lock-bench.
type benchOptions struct {
	wanted   benchPlace
	duration time.Duration
	json     bool
}

func newLockBench(s *settings) *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "lock-bench DOMAIN",
		Short: "Measure what a cluster-wide lock costs on this node",
		Long: `lock-bench takes locks in the lock domain DOMAIN and shows how long that takes: to
lock and unlock one that nobody else wants, as package libo2dlm does it, and to hand
one over between two processes of this node that both hold it until the other wants
it. Its locks have names of their own, which begin with bench-, and are removed at
the end. Other nodes are only asked when a lock is new to them.

A figure of one machine at one moment: compare those of one run.

Exit status:
  0    measured
  1    failure
  130  interrupted`,
		Example: `  o2cb_ctl lock-bench billing
  o2cb_ctl lock-bench --time 5s --json billing | jq '.results[] | {name, median_ns}'
  o2cb_ctl lock-bench --single-node /run/lock billing    # no cluster needed`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.duration <= 0 {
				return usageError{fmt.Errorf("--time %s: it takes some time to measure something", o.duration)}
			}
			o.wanted.Domain = args[0]
			report, err := o.measure(cmd.Context(), s)
			if err != nil {
				return o.explain(cmd.Context(), err)
			}
			if o.json {
				return printJSON(s.std.out, report)
			}
			return printBench(s.std.out, report)
		},
	}
	o.wanted.addTo(cmd.Flags())
	flags := cmd.Flags()
	flags.DurationVar(&o.duration, "time", time.Second, "how long to measure each `time`")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("mount", "single-node")
	return cmd
}

// explain gives a measurement that an interrupt ended the status of one.
func (o benchOptions) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return statusError{statusInterrupted, err}
	}
	return err
}

// statusInterrupted is the exit status after an interrupt, as shells give it.
const statusInterrupted = 130

// benchReport is what was measured.
type benchReport struct {
	Domain  string        `json:"domain"`
	Path    string        `json:"path"` // of the domain's directory
	Results []benchResult `json:"results"`
}

// benchResult is what one operation takes, in nanoseconds.
type benchResult struct {
	Name       string `json:"name"` // hold-exclusive, hold-shared, mutex-cached, mutex-cached-read, hand-over
	What       string `json:"what"` // in words
	Operations int    `json:"operations"`
	MeanNS     int64  `json:"mean_ns"`
	MedianNS   int64  `json:"median_ns"` // of batches, where an operation is too short to be timed alone
	P99NS      int64  `json:"p99_ns"`
}

// samples are times of batches of operations.
type samples struct {
	batch int
	times []time.Duration
	total time.Duration
}

func (s *samples) add(d time.Duration) {
	s.times = append(s.times, d)
	s.total += d
}

func (s *samples) result(name, what string) benchResult {
	r := benchResult{Name: name, What: what, Operations: len(s.times) * s.batch}
	if r.Operations == 0 {
		return r
	}
	slices.Sort(s.times)
	at := func(percent int) int64 {
		return s.times[(len(s.times)-1)*percent/100].Nanoseconds() / int64(s.batch)
	}
	r.MeanNS, r.MedianNS, r.P99NS = s.total.Nanoseconds()/int64(r.Operations), at(50), at(99)
	return r
}

// printBench prints a row for each operation.
func printBench(out io.Writer, report benchReport) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tMEDIAN\tMEAN\t99 %\tA SECOND")
	for _, r := range report.Results {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.What, took(r.MedianNS), took(r.MeanNS), took(r.P99NS), perSecond(r.MeanNS))
	}
	return w.Flush()
}

func took(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= 10*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	}
	return d.String()
}

func perSecond(ns int64) string {
	if ns == 0 {
		return "-"
	}
	return fmt.Sprint(int64(time.Second) / ns)
}
