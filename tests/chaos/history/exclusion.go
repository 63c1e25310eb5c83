// SPDX-License-Identifier: Apache-2.0

package history

import "fmt"

// ErrOverlap is what holds have done that exclude each other.
var ErrOverlap = fmt.Errorf("two holds that exclude each other overlap")

// exclusive returns an error if an exclusive hold overlaps another one. The
// operations are those of one resource, in the order of Call.
func exclusive(ops []Op) error {
	// Of each guest the hold that lasts longest, of either level.
	type latest struct{ exclusive, shared *Op }
	guests := map[int]*latest{}
	for i := range ops {
		op := &ops[i]
		for _, g := range guests {
			for _, before := range []*Op{g.exclusive, g.shared} {
				if before != nil && (before.Exclusive || op.Exclusive) && overlap(before, op) > 0 {
					return fmt.Errorf("%w for %d ns: %+v and %+v", ErrOverlap, overlap(before, op), *before, *op)
				}
			}
		}
		g := guests[op.boot]
		if g == nil {
			g = &latest{}
			guests[op.boot] = g
		}
		last := &g.shared
		if op.Exclusive {
			last = &g.exclusive
		}
		if *last == nil || (*last).Return < op.Return {
			*last = op
		}
	}
	return nil
}

// overlap returns for how long two holds certainly overlap, in the order of Call.
func overlap(before, op *Op) int64 {
	slack := int64(0)
	if before.boot != op.boot {
		slack = before.slack + op.slack
	}
	return min(before.Return, op.Return) - op.Call - slack
}
