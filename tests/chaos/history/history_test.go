// SPDX-License-Identifier: Apache-2.0

package history

import (
	"errors"
	"slices"
	"testing"
)

// turns is a history in which two guests take turns, each holding for 10 and
// writing every time.
func turns(n int) (ops []Op) {
	var last uint64
	for i := range n {
		process := uint32(1 + i%2)
		op := Op{
			Process: process, How: Lock, Exclusive: true, boot: int(process), slack: 2,
			Call: int64(100 * (i + 1)), Return: int64(100*(i+1) + 10),
			Old: last, New: Written(process, uint64(i+1)), Token: uint64(2 * (i + 1)),
		}
		last = op.New
		ops = append(ops, op)
	}
	return ops
}

func TestCheck(t *testing.T) {
	// Long enough for several windows; what is changed lies in the second.
	const n, at = 3*windowSize + 10, windowSize + windowSize/2
	for _, c := range []struct {
		name   string
		change func(h *History)
		want   error // nil when there is nothing wrong
	}{
		{"turns", func(*History) {}, nil},
		{"empty", func(h *History) { h.ops = nil }, nil},
		{"overlap", func(h *History) { h.ops[at].Return += 120 }, ErrOverlap},
		{"overlap within the error of the clocks", func(h *History) { h.ops[at].Return += 93 }, nil},
		{"overlap on one clock", func(h *History) { h.ops[at].boot = 2; h.ops[at].Return += 93 }, ErrOverlap},
		{"reader inside a writer", func(h *History) {
			h.ops = append(h.ops, readerOf(h.ops[at], 1, h.ops[at].Call+5, 1))
		}, ErrOverlap},
		{"readers beside each other", func(h *History) {
			h.ops = append(h.ops, readerOf(h.ops[at], 1, h.ops[at].Return+20, 30), readerOf(h.ops[at], 2, h.ops[at].Return+20, 30))
		}, nil},
		{"lost update", func(h *History) { h.ops[at].Old = h.ops[at-2].New }, ErrRegister},
		{"stale read", func(h *History) {
			h.ops = append(h.ops, readerOf(h.ops[at-1], 1, h.ops[at].Return+20, 10))
		}, ErrRegister},
		{"token twice", func(h *History) { h.ops[at].Token = h.ops[at-1].Token }, ErrRegister},
		{"token falls", func(h *History) { h.ops[at].Token = 1 }, ErrRegister},
		{"token twice in one grant of a mutex", func(h *History) {
			h.ops[at].Token, h.ops[at].Process = h.ops[at-1].Token, h.ops[at-1].Process
			h.ops[at].How, h.ops[at-1].How = Mutex, Mutex
		}, nil},
		{"token twice in grants of a mutex", func(h *History) {
			h.ops[at].Token = h.ops[at-2].Token
			h.ops[at].How, h.ops[at-2].How = Mutex, Mutex
		}, ErrRegister},
		{"value lost", func(h *History) { h.ops[at].Old = 0 }, ErrRegister},
		{"value lost with a node", func(h *History) { h.ops[at].Old = 0; h.AddLoss(h.ops[at].Call-50, h.ops[at].Call+500) }, nil},
		{"value not lost with a node", func(h *History) { h.AddLoss(h.ops[at].Call-50, h.ops[at].Call+500) }, nil},
		{"file lost with a node", func(h *History) {
			for i := range h.ops {
				h.ops[i].Register = File
			}
			h.ops[at].Old = 0
			h.AddLoss(h.ops[at].Call-50, h.ops[at].Call+500)
		}, ErrRegister},
		{"unknown write", func(h *History) { h.ops = slices.Delete(h.ops, at, at+1) }, ErrRegister},
		{"unknown write of the dead", func(h *History) {
			h.ops[at].Process = 3
			h.ops[at].New = Written(3, 1)
			h.ops[at+1].Old = h.ops[at].New
			h.dead = map[uint32]interval{3: {h.ops[at].Call - 20, h.ops[at].Return + 20}}
			h.ops = slices.Delete(h.ops, at, at+1)
		}, nil},
		{"write of the dead after death", func(h *History) {
			h.ops[at].Process = 3
			h.ops[at].New = Written(3, 1)
			h.ops[at+1].Old = h.ops[at].New
			h.dead = map[uint32]interval{3: {h.ops[at-4].Call - 20, h.ops[at-4].Return + 20}}
			h.ops = slices.Delete(h.ops, at, at+1)
		}, ErrRegister},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &History{ops: turns(n)}
			c.change(h)
			wrong := errors.Join(h.Check()...)
			if !errors.Is(wrong, c.want) {
				t.Errorf("found %v, want %v", wrong, c.want)
			}
		})
	}
}

// readerOf is a shared hold that finds what a writer left.
func readerOf(found Op, boot int, call, lasts int64) Op {
	return Op{Process: uint32(boot), How: Lock, boot: boot, slack: 2, Call: call, Return: call + lasts, Old: found.New, Token: found.Token}
}

func TestLog(t *testing.T) {
	ops := turns(3)
	stream := AppendStart(nil, 7, 5)
	for _, op := range ops {
		stream = AppendOp(stream, op)
	}
	stream = AppendEnd(AppendComplaint(AppendComplete(stream, 1000), "pain"))
	for size := range len(stream) + 1 {
		l, err := ReadLog(string(stream[:size]))
		if err != nil {
			t.Fatalf("of %d bytes: %v", size, err)
		}
		for i, op := range l.Ops {
			want := ops[i]
			want.Process, want.boot, want.slack = 7, 0, 0
			if op != want {
				t.Errorf("operation %d is %+v, want %+v", i, op, want)
			}
		}
		whole := size == len(stream)
		if l.Ended != whole || whole && (len(l.Ops) != 3 || l.Complete != 1000 || len(l.Complaints) != 1) {
			t.Errorf("of %d bytes: %+v", size, l)
		}
	}
	if _, err := ReadLog("no stream"); err == nil {
		t.Error("text was read as a stream")
	}
}

func TestClock(t *testing.T) {
	var c Clock
	if c.Err() == nil {
		t.Error("a clock that was never read is good")
	}
	c.Answered(1000, 100, 1100) // the offset is 900 to 1000
	c.Answered(2000, 1050, 2060)
	if err := c.Err(); err != nil {
		t.Error(err)
	}
	if got := c.Host(100); got != 1075 { // 950 to 1000
		t.Errorf("host's time is %d", got)
	}
	if got := c.Slack(); got != 25+drift {
		t.Errorf("slack is %d", got)
	}
	c.Answered(9000, 100, 9001)
	if c.Err() == nil {
		t.Error("a clock that jumped is good")
	}
}
