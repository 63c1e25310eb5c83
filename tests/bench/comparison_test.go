// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"
)

// way is one of several ways to do the same thing.
type way struct {
	name  string
	do    func() error
	after func() error // looks at what do did and takes it back, untimed; nil for nothing

	operations int // that do does, where ways differ; see scale
}

// The names of the ways. They are part of a metric's unit, so without spaces.
const (
	ours = "ours"
	inC  = "C"
)

// times has a row for each round of a comparison, and in it the time that each
// of the ways took.
type times [][]time.Duration

// compare does each of the ways in turn, that many rounds. Every second round
// goes backwards, because each way also pays for what the one before it leaves:
// cold caches, threads that are just going to sleep. One round more, the first,
// fills the caches and is not counted.
func compare(rounds int, ways ...way) (times, error) {
	var all times
	for round := range rounds + 1 {
		row := make([]time.Duration, len(ways))
		for step := range ways {
			i := step
			if round%2 == 1 {
				i = len(ways) - 1 - step
			}
			var err error
			if row[i], err = ways[i].time(); err != nil {
				return nil, fmt.Errorf("%s: %w", ways[i].name, err)
			}
		}
		if round > 0 {
			all = append(all, row)
		}
	}
	return all, nil
}

// time does it once and returns how long that took.
func (w way) time() (time.Duration, error) {
	start := time.Now()
	err := w.do()
	took := time.Since(start)
	if err == nil && w.after != nil {
		err = w.after()
	}
	return took, err
}

// report makes metrics of a comparison in which each time was that of as many
// operations: the times of one of them, and the ratios of the first way to each
// of the others. They are medians, the ratios over those of the rounds, so that
// a machine which is slow for a while counts as little as it can.
func report(b *testing.B, all times, operations int, names ...string) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of a whole comparison, which says nothing
	for i, name := range names {
		var each []time.Duration
		for _, row := range all {
			each = append(each, row[i]/time.Duration(operations))
		}
		_, middle, _ := quartiles(each)
		b.ReportMetric(float64(middle)/float64(time.Millisecond), name+"-ms")
		b.Logf("%-16s %v", name, middle)
	}
	for i, name := range names[1:] {
		var ratios []float64
		for _, row := range all {
			ratios = append(ratios, float64(row[0])/float64(row[i+1]))
		}
		low, middle, high := quartiles(ratios)
		b.ReportMetric(middle, "ratio-to-"+name)
		b.Logf("%s/%s: %.4g; of %d rounds the middle half is %.4g to %.4g", names[0], name, middle, len(all), low, high)
	}
}

// quartiles returns the values below which are a quarter, half and three
// quarters of the others.
func quartiles[T cmp.Ordered](values []T) (low, middle, high T) {
	sorted := slices.Sorted(slices.Values(values))
	last := len(sorted) - 1
	return sorted[last/4], sorted[last/2], sorted[last*3/4]
}
