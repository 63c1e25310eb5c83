// SPDX-License-Identifier: Apache-2.0

package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// ErrRegister is what a register has done that no order of its uses explains.
var ErrRegister = errors.New("no order of the operations explains what was found in the register and its tokens")

// state is what a register holds.
type state struct {
	value uint64 // 0 is none
	token uint64 // the highest
	owner uint32 // the program whose Mutex may use the token again; 0 is none
}

// input is an operation on a register, or what happens to it.
type input struct {
	op     Op
	event  event
	before state // of a begin
}

type event uint8

const (
	used  event = iota
	loss        // the value may be gone
	write       // somebody wrote op.New who did not live to tell
	begin       // the state is before, whatever it was
)

// windowSize is how many operations are judged at a time, at least. The checker
// remembers a bit for each pair, and more of them would keep the processors from
// the guests.
const windowSize = 200

// patience is for a history that the checker cannot judge, which is a failure too.
const patience = 20 * time.Second

// linearizable judges one register.
func (h *History) linearizable(p place, ops []Op) error {
	choices := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{}} },
		Step: func(s, in, _ any) []any { return in.(input).step(s.(state)) },
	}
	model := choices.ToModel()
	for _, window := range windows(h.operations(p, ops)) {
		switch porcupine.CheckOperationsTimeout(model, window, patience) {
		case porcupine.Illegal:
			return fmt.Errorf("resource %d, register %d: %w: %s", p.resource, p.register, ErrRegister, describe(window))
		case porcupine.Unknown:
			return fmt.Errorf("resource %d, register %d: no judgement on %d operations in %v", p.resource, p.register, len(window), patience)
		}
	}
	return nil
}

// describe shows where in the history the checker got stuck, roughly.
func describe(window []porcupine.Operation) string {
	first, last := window[0], window[len(window)-1]
	return fmt.Sprintf("%d operations, from %d (%+v) to %d", len(window), first.Call, first.Input.(input).op, last.Return)
}

// operations returns the operations for the checker, in the order of Call:
// those that are known, writes that somebody else has seen, and losses.
func (h *History) operations(p place, ops []Op) (all []porcupine.Operation) {
	written := map[uint64]bool{}
	for _, op := range ops {
		if op.New != 0 {
			written[op.New] = true
		}
	}
	add := func(in input, from, to int64) {
		all = append(all, porcupine.Operation{ClientId: len(all), Input: in, Call: from, Return: to})
	}
	for _, op := range ops {
		add(input{op: op}, op.Call-op.slack, op.Return+op.slack)
		writer, dead := h.dead[Writer(op.Old)]
		if op.Old != 0 && !written[op.Old] && dead {
			written[op.Old] = true
			add(input{op: Op{New: op.Old}, event: write}, writer.from, writer.to)
		}
	}
	if p.register == Block {
		for _, l := range h.losses {
			add(input{event: loss}, l.from, l.to)
		}
	}
	slices.SortStableFunc(all, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return all
}

// windows cuts the operations where the state is known: after a write that
// nothing overlaps.
func windows(all []porcupine.Operation) (cut [][]porcupine.Operation) {
	first, end := 0, int64(0)
	var beginning []porcupine.Operation
	for i, o := range all {
		in := o.Input.(input)
		alone := (i == first || o.Call > end) && (i+1 == len(all) || o.Return < all[i+1].Call)
		end = max(end, o.Return)
		if i-first < windowSize || !alone || in.event != used || in.op.New == 0 {
			continue
		}
		cut = append(cut, append(beginning, all[first:i+1]...))
		beginning = []porcupine.Operation{{Input: input{event: begin, before: in.op.after(state{})}, Call: o.Return, Return: o.Return}}
		first = i + 1
	}
	if first < len(all) {
		cut = append(cut, append(beginning, all[first:]...))
	}
	return cut
}

// step returns the states that can follow.
func (in input) step(s state) []any {
	switch in.event {
	case begin:
		return []any{in.before}
	case loss:
		return []any{s, state{token: s.token}}
	case write:
		return []any{state{value: in.op.New, token: s.token}}
	}
	if in.op.Old != s.value || !in.op.mayHave(s) {
		return nil
	}
	return []any{in.op.after(s)}
}

// mayHave reports whether the token of an operation can follow that state.
func (op Op) mayHave(s state) bool {
	switch {
	case op.Register == File:
		return true
	case op.Exclusive:
		// One grant has one token. A Mutex keeps its grant from Lock to Lock.
		return op.Token > s.token || op.Token == s.token && op.How == Mutex && op.Process == s.owner
	case op.Token == 0:
		return s.value == 0
	}
	// Of a reader: the last writer's; or one that a writer has left who was killed,
	// or made for readers of a Mutex that holds the lock exclusively.
	return op.Token >= s.token
}

// after returns the state after an operation.
func (op Op) after(s state) state {
	if op.New != 0 {
		s.value = op.New
	}
	if op.Token > s.token {
		s.token, s.owner = op.Token, 0
		if op.How == Mutex {
			s.owner = op.Process
		}
	}
	return s
}
