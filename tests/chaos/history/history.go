// SPDX-License-Identifier: Apache-2.0

package history

import (
	"cmp"
	"fmt"
	"slices"
)

// History is what all programs have sent, in the host's time.
type History struct {
	ops        []Op
	losses     []interval
	dead       map[uint32]interval // in which an unknown write may have happened
	complaints []string
}

// interval is a time from and to which something may have happened.
type interval struct{ from, to int64 }

// Add adds what a program has sent that ran until died, when it has not said that
// it ended: the host's time at which it was certainly gone. boot numbers the
// guests whose clock the program read.
func (h *History) Add(l *Log, boot int, clock *Clock, died int64) {
	for _, text := range l.Complaints {
		h.complaints = append(h.complaints, fmt.Sprintf("process %d: %s", l.Process, text))
	}
	for _, op := range l.Ops {
		op.boot, op.slack = boot, clock.Slack()
		op.Call, op.Return = clock.Host(op.Call), clock.Host(op.Return)
		h.ops = append(h.ops, op)
	}
	if !l.Ended && l.Started != 0 {
		if h.dead == nil {
			h.dead = map[uint32]interval{}
		}
		h.dead[l.Process] = interval{clock.Host(l.Complete) - clock.Slack(), died}
	}
}

// AddLoss says that in that time of the host a node died and its locks were
// taken over, so that any value block may have been lost.
func (h *History) AddLoss(from, to int64) { h.losses = append(h.losses, interval{from, to}) }

// Count returns how many operations came about in each way.
func (h *History) Count() map[How]int {
	count := map[How]int{}
	for _, op := range h.ops {
		count[op.How]++
	}
	return count
}

// Len returns how many operations there are.
func (h *History) Len() int { return len(h.ops) }

// Lost returns how many operations found a value block without value.
func (h *History) Lost() (n int) {
	for _, op := range h.ops {
		if op.Register == Block && op.Old == 0 {
			n++
		}
	}
	return n
}

// place is one register.
type place struct {
	resource uint8
	register Register
}

// places returns the operations on each register, in the order of Call.
func (h *History) places() map[place][]Op {
	all := map[place][]Op{}
	for _, op := range h.ops {
		p := place{op.Resource, op.Register}
		all[p] = append(all[p], op)
	}
	for _, ops := range all {
		slices.SortFunc(ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	}
	return all
}

// Check returns what is wrong with the history: of the programs' own complaints,
// of overlaps, and of each register at most one error each.
func (h *History) Check() (wrong []error) {
	if len(h.complaints) != 0 {
		wrong = append(wrong, fmt.Errorf("%d complaints of the programs themselves, the first: %s", len(h.complaints), h.complaints[0]))
	}
	for p, ops := range h.places() {
		if p.register == Block {
			if err := exclusive(ops); err != nil {
				wrong = append(wrong, fmt.Errorf("resource %d: %w", p.resource, err))
			}
		}
		if err := h.linearizable(p, ops); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}
