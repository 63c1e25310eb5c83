// SPDX-License-Identifier: Apache-2.0

package history

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// A Log is what one program has sent of its history. It is a stream of
// records, which may break off anywhere.
type Log struct {
	Process    uint32
	Started    int64 // when the program had joined the domain, 0 if it never did
	Complete   int64 // everything that ended before this moment is here
	Ended      bool  // the program has said all that it had to say
	Ops        []Op
	Complaints []string // what the program itself found wrong
}

// The kinds of records.
const (
	recordOp = iota + 1
	recordStart
	recordComplete
	recordComplaint
	recordEnd
)

// AppendOp appends the record of an operation to the stream of its process.
func AppendOp(b []byte, op Op) []byte {
	flags := op.How << 2
	if op.Exclusive {
		flags |= 1
	}
	if op.Register == File {
		flags |= 2
	}
	b = append(b, recordOp, byte(flags), op.Resource)
	for _, v := range []uint64{uint64(op.Call), uint64(op.Return - op.Call), op.Old, op.New, op.Token} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// AppendStart appends who writes the stream, and when it had joined.
func AppendStart(b []byte, process uint32, now int64) []byte {
	b = binary.AppendUvarint(append(b, recordStart), uint64(process))
	return binary.AppendUvarint(b, uint64(now))
}

// AppendComplete appends that whatever ended before t stands in the stream.
func AppendComplete(b []byte, t int64) []byte {
	return binary.AppendUvarint(append(b, recordComplete), uint64(t))
}

// AppendComplaint appends what the program found wrong.
func AppendComplaint(b []byte, text string) []byte {
	b = binary.AppendUvarint(append(b, recordComplaint), uint64(len(text)))
	return append(b, text...)
}

// AppendEnd appends that the stream is complete.
func AppendEnd(b []byte) []byte { return append(b, recordEnd) }

// ReadLog reads a stream up to where it ends or breaks off. What is no stream is
// an error.
func ReadLog(stream string) (*Log, error) {
	r := &records{r: bufio.NewReader(strings.NewReader(stream))}
	l := &Log{}
	for {
		kind, err := r.r.ReadByte()
		if err == io.EOF {
			return l, nil
		}
		if err := l.read(r, kind); err != nil {
			return nil, fmt.Errorf("history of process %d, after %d operations: %w", l.Process, len(l.Ops), err)
		}
		if r.broken {
			return l, nil
		}
	}
}

// read reads one record. One that breaks off leaves nothing.
func (l *Log) read(r *records, kind byte) error {
	switch kind {
	case recordOp:
		op := r.op()
		op.Process = l.Process
		if op.How >= ways {
			return fmt.Errorf("an operation that came about in way %d", op.How)
		}
		if !r.broken {
			l.Ops = append(l.Ops, op)
		}
	case recordStart:
		process, now := r.number(), r.number()
		if !r.broken {
			l.Process, l.Started, l.Complete = uint32(process), int64(now), int64(now)
		}
	case recordComplete:
		if t := r.number(); !r.broken {
			l.Complete = int64(t)
		}
	case recordComplaint:
		if text := r.text(); !r.broken {
			l.Complaints = append(l.Complaints, text)
		}
	case recordEnd:
		l.Ended = true
	default:
		return fmt.Errorf("a record of kind %d", kind)
	}
	return nil
}

// records reads the parts of records; broken says that the stream has ended.
type records struct {
	r      *bufio.Reader
	broken bool
}

func (r *records) byte() byte {
	b, err := r.r.ReadByte()
	r.broken = r.broken || err != nil
	return b
}

func (r *records) number() uint64 {
	n, err := binary.ReadUvarint(r.r)
	r.broken = r.broken || err != nil
	return n
}

func (r *records) text() string {
	const longest = 1 << 20
	text := make([]byte, min(r.number(), longest))
	_, err := io.ReadFull(r.r, text)
	r.broken = r.broken || err != nil
	return string(text)
}

func (r *records) op() (op Op) {
	flags := r.byte()
	op.How, op.Exclusive = How(flags>>2), flags&1 != 0
	if flags&2 != 0 {
		op.Register = File
	}
	op.Resource = r.byte()
	op.Call = int64(r.number())
	op.Return = op.Call + int64(r.number())
	op.Old, op.New, op.Token = r.number(), r.number(), r.number()
	return op
}
